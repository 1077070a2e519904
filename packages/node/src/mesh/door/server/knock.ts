/** A newcomer without a code waits until a person of the cluster approves it, and its own person the cluster. */
import { errorOf, isPeerError, PeerError } from "../../../errors.ts";
import { decode, encode, misbehaved } from "../protocol/codec.ts";
import { acceptSchema, type Application } from "../protocol/messages.ts";
import { beforeAbort, refusalOf, verdictOf } from "./admission.ts";
import { verdictError } from "../verdict.ts";
import { refuse, type Exchange } from "./exchange.ts";
import type { Place } from "./waiting-list.ts";

/** Ends with the stream, at the latest. @throws PeerError when the newcomer does not keep to the protocol, or is gone. */
export async function serveKnock(exchange: Exchange, application: Application): Promise<void> {
  const { stream, cluster, waiting, nowMs } = exchange;
  if (cluster.about().cluster === null) {
    await refuse(stream, { code: "pairing-closed", reason: "this peer belongs to no cluster" });
    return;
  }
  const { remotePeer: peerId, remoteAddress: address } = stream;
  const { name, version } = application;
  const place = waiting.enter({ peerId, name, version, address, sinceMs: nowMs() });
  if (place === undefined || stream.letWait?.() === false) {
    place?.leave(new PeerError("peer-silent", "too many peers wait here", { nextStep: "Try again later." }));
    await refuse(stream, { code: "pairing-paused", reason: "too many peers wait here", retryAfterMs: 30_000 });
    return;
  }
  const over = new AbortController();
  try {
    await stream.send(encode({ type: "waiting" }));
    if (await isAgreed(exchange, place, AbortSignal.any([exchange.closing, over.signal]))) {
      await letIn(exchange, place, application);
    }
  } catch (error) {
    place.leave(errorOf(error));
    throw error;
  } finally {
    over.abort();
    stream.endWait?.();
  }
}

/** Both people have said yes. */
async function isAgreed({ stream, deadlines }: Exchange, place: Place, signal: AbortSignal): Promise<boolean> {
  let isApproved = false;
  const answered = (async () => {
    for (;;) {
      const frame = await stream.receive({ timeoutMs: deadlines.waitingSilenceMs, signal });
      const { type } = decode(acceptSchema, frame);
      if (type === "still") continue;
      if (!isApproved) throw misbehaved("an answer that nobody has asked for");
      return type;
    }
  })();
  try {
    // Before the approval the answer can only fail: then the peer is gone.
    await Promise.race([place.approved, answered]);
  } catch (error) {
    // Failing to wait is the end of the answer too: it is not waited for any more.
    answered.catch(() => undefined);
    if (!isPeerError(error, "admission-refused")) throw error;
    await refuse(stream, { code: "admission-refused", reason: "a person of the cluster has declined" });
    return false;
  }
  isApproved = true;
  await stream.send(encode({ type: "approved" }));
  if ((await beforeAbort(answered, AbortSignal.timeout(deadlines.answerMs))) === "accept") return true;
  place.leave(
    new PeerError("admission-refused", "the newcomer's own person does not want it in this cluster", {
      nextStep: "Compare the fingerprints at both peers.",
    }),
  );
  return false;
}

async function letIn(
  { stream, cluster, deadlines, tell, closing }: Exchange,
  place: Place,
  application: Application,
): Promise<void> {
  const { peerId, name } = place.peer;
  const verdict = await verdictOf((signal) => cluster.admit({ ...application, peerId }, "approval", signal), {
    timeoutMs: deadlines.admitMs,
    closing,
  });
  if (verdict.outcome === "welcome") {
    place.admitted();
    tell({ type: "admitted", peerId, name, by: "approval" });
    await stream.send(encode({ type: "welcome", welcome: verdict.welcome }));
    return;
  }
  const error = verdictError(verdict);
  place.leave(error);
  await refuse(stream, refusalOf(verdict));
}
