/** The newcomer's side of pairing: three steps, each of which exists only after the one before. Frames in, frames out. */
import { PeerError } from "../../../errors.ts";
import { decode, encode } from "../protocol/codec.ts";
import {
  challengeSchema,
  verdictMessageSchema,
  verdictSchema,
  type Application,
  type Verdict,
} from "../protocol/messages.ts";
import { finishProof, startProof, type Parties } from "./opaque.ts";
import { PairingSession, transcriptOf } from "./session.ts";

/** `frame` (pair) is to be sent. */
export interface PairingBegun {
  readonly frame: Uint8Array;
  /**
   * The member has answered.
   * @throws PeerError `pairing-failed` when it does not know the code, or is not who this peer is connected to
   * @throws PeerError `peer-misbehaved`
   */
  readonly challenged: (frame: Uint8Array) => PairingProven;
}

/** The member has proven that it knows the code; `frame` (prove) is to be sent. */
export interface PairingProven {
  readonly frame: Uint8Array;
  /** What became of the application. @throws PeerError `pairing-failed`, `peer-misbehaved`. */
  readonly judged: (frame: Uint8Array) => Verdict;
}

/** What a newcomer brings. `secret` is the code without dashes, or the join secret. */
export interface PairingRequest {
  readonly parties: Parties;
  readonly secret: string;
  readonly application: Application;
}

/** Begins: call after `opaqueReady`. */
export function beginPairing({ parties, secret, application }: PairingRequest): PairingBegun {
  const { state, start } = startProof(secret);
  const pairFrame = encode({ type: "pair", method: parties.method, cluster: parties.clusterId, start });
  return {
    frame: pairFrame,
    challenged(challengeFrame) {
      const { answer } = decode(challengeSchema, challengeFrame);
      const proof = finishProof(secret, parties, state, answer);
      if (proof === undefined) throw proofFailed(parties);
      const transcript = transcriptOf(parties, [pairFrame, challengeFrame, proof.finish]);
      const session = new PairingSession(proof.sessionKey, transcript);
      const sealed = session.seal("application", encode({ ...application }));
      return {
        frame: encode({ type: "prove", finish: proof.finish, sealed }),
        judged(verdictFrame) {
          const opened = session.open("verdict", decode(verdictMessageSchema, verdictFrame).sealed);
          if (opened === undefined) throw proofFailed(parties);
          return decode(verdictSchema, opened);
        },
      };
    },
  };
}

function proofFailed({ method, member }: Parties): PeerError {
  const what = method === "code" ? "code" : "join secret";
  return new PeerError(
    "pairing-failed",
    `the ${what} does not fit, or somebody stands between this peer and the other`,
    {
      nextStep:
        method === "code"
          ? "Read the code again on the other peer (parley pair) and type it once more."
          : "Give both peers the same PARLEY_JOIN_SECRET.",
      details: { peer: member },
    },
  );
}
