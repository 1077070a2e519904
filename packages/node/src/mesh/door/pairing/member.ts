/** The member's side of pairing: each step exists only after the one before. Frames in, frames out. */
import { PeerError } from "../../../errors.ts";
import { decode, encode } from "../protocol/codec.ts";
import { applicationSchema, proveSchema, type Application, type Verdict } from "../protocol/messages.ts";
import { answerProof, checkProof, type Parties } from "./opaque.ts";
import { PairingSession, transcriptOf } from "./session.ts";

/** `frame` (challenge) is to be sent; from then on a guess can be checked, so it must have been paid for. */
export interface PairingAnswered {
  readonly frame: Uint8Array;
  /** The newcomer's proof. @throws PeerError `pairing-failed`, `peer-misbehaved`. */
  readonly proven: (frame: Uint8Array) => PairingHeard;
}

/** The newcomer knows the code, and this is its application. */
export interface PairingHeard {
  readonly application: Application;
  /** The frame that tells it what became of it. */
  readonly judge: (verdict: Verdict) => Uint8Array;
}

/**
 * Answers `pairFrame`, whose KE1 is `start`: call after `opaqueReady`.
 * @throws PeerError `peer-misbehaved` when `start` is none
 */
export function answerPairing(
  { parties, secret }: { readonly parties: Parties; readonly secret: string },
  pairFrame: Uint8Array,
  start: Uint8Array,
): PairingAnswered {
  const { state, answer } = answerProof(secret, parties, start);
  const challengeFrame = encode({ type: "challenge", answer });
  return {
    frame: challengeFrame,
    proven(proveFrame) {
      const { finish, sealed } = decode(proveSchema, proveFrame);
      const sessionKey = checkProof(parties, state, finish);
      if (sessionKey === undefined) throw proofFailed(parties);
      const session = new PairingSession(sessionKey, transcriptOf(parties, [pairFrame, challengeFrame, finish]));
      const opened = session.open("application", sealed);
      if (opened === undefined) throw proofFailed(parties);
      return {
        application: decode(applicationSchema, opened),
        judge: (verdict) => encode({ type: "verdict", sealed: session.seal("verdict", encode({ ...verdict })) }),
      };
    },
  };
}

function proofFailed({ method, joiner }: Parties): PeerError {
  const what = method === "code" ? "code" : "join secret";
  return new PeerError("pairing-failed", `a peer could not prove the ${what}`, {
    nextStep: "If it was not you, leave pairing closed and look at `parley peers` for who is near.",
    details: { peer: joiner },
  });
}
