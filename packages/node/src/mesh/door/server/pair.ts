/** A newcomer wants to prove a code or the join secret. */
import { isPeerError } from "../../../errors.ts";
import { sourceOf } from "../code/limiter.ts";
import { answerPairing } from "../pairing/member.ts";
import { opaqueReady, type Parties } from "../pairing/opaque.ts";
import type { PairMessage } from "../protocol/messages.ts";
import { verdictOf } from "./admission.ts";
import { refuse, type Exchange } from "./exchange.ts";
import { isPass, type Pass } from "./gate.ts";

/** Answers `request`, which came in `frame`. @throws PeerError when the newcomer does not keep to the protocol, or is gone. */
export async function servePairing(exchange: Exchange, request: PairMessage, frame: Uint8Array): Promise<void> {
  const { stream, cluster, gate } = exchange;
  const { peerId, cluster: own } = cluster.about();
  if (own === null || own.id !== request.cluster) {
    await refuse(stream, { code: "pairing-closed", reason: "this peer does not belong to that cluster" });
    return;
  }
  const pass = gate.enter(request.method, stream.remotePeer, sourceOf(stream.remoteAddress));
  if (!isPass(pass)) {
    await refuse(stream, pass);
    return;
  }
  const parties: Parties = {
    method: request.method,
    clusterId: own.id,
    joiner: stream.remotePeer,
    member: peerId,
  };
  try {
    await opaqueReady();
    await prove(exchange, { parties, pass, pairFrame: frame, start: request.start });
  } finally {
    gate.release();
  }
}

async function prove(
  { stream, cluster, deadlines, tell, closing }: Exchange,
  attempt: {
    readonly parties: Parties;
    readonly pass: Pass;
    readonly pairFrame: Uint8Array;
    readonly start: Uint8Array;
  },
): Promise<void> {
  const { parties, pass, pairFrame, start } = attempt;
  const { joiner: peerId, method } = parties;
  const heard = await provenBy(async () => {
    const answered = answerPairing({ parties, secret: pass.secret }, pairFrame, start);
    await stream.send(answered.frame);
    return answered.proven(await stream.receive({ timeoutMs: deadlines.proofMs, signal: closing }));
  });
  if (heard instanceof Error) {
    tell({ type: "proof-failed", peerId, method });
    if (!isPeerError(heard, "pairing-failed")) throw heard;
    await refuse(stream, { code: "pairing-failed", reason: "the proof does not fit" });
    return;
  }
  if (!pass.proven()) {
    await stream.send(
      heard.judge({ outcome: "refused", reason: "this code has let another peer in, or was withdrawn" }),
    );
    return;
  }
  const newcomer = { ...heard.application, peerId };
  const verdict = await verdictOf((signal) => cluster.admit(newcomer, method, signal), {
    timeoutMs: deadlines.admitMs,
    closing,
  });
  if (verdict.outcome === "welcome") {
    pass.admitted();
    tell({ type: "admitted", peerId, name: newcomer.name, by: method });
  }
  await stream.send(heard.judge(verdict));
}

/** What `work` gives, or why the other end did not prove anything. */
async function provenBy<T>(work: () => Promise<T>): Promise<T | Error> {
  try {
    return await work();
  } catch (error) {
    if (isPeerError(error)) return error;
    throw error;
  }
}
