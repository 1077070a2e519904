/** A member has lost its welcome: its stream ended before, or its disk did after. */
import { encode } from "../protocol/codec.ts";
import type { ProofWanted } from "../protocol/messages.ts";
import { refusalOf, verdictOf } from "./admission.ts";
import { refuse, type Exchange } from "./exchange.ts";

/** Gives the welcome to who is on the allow-list, as its connection has proven. */
export async function serveWelcome(
  { stream, cluster, deadlines, closing }: Exchange,
  proof: ProofWanted | undefined,
): Promise<void> {
  const peerId = stream.remotePeer;
  if (!cluster.isMember(peerId)) {
    // Who has left may not have heard that it was let go.
    await refuse(stream, { code: "admission-refused", reason: "not a member", ...cluster.leftFrom(peerId) });
    return;
  }
  const verdict = await verdictOf((signal) => cluster.welcomeAgain(peerId, signal, proof), {
    timeoutMs: deadlines.admitMs,
    closing,
  });
  if (verdict.outcome === "welcome") await stream.send(encode({ type: "welcome", welcome: verdict.welcome }));
  else await refuse(stream, refusalOf(verdict));
}
