/** What else actors of two processes can do: messages without an answer, and acknowledged ones. */
import type { ActorError } from "../../src/index.ts";
import type { Pair } from "./pair.ts";

/** Tells before the sender gives way; it goes on when there is room in the queue. */
const BURST = 2_000;
const OFFERS_UNDER_WAY = 256;

/** Messages a millisecond, told and seen to have been handled. */
export async function tellsPerMs({ far }: Pair, count: number, bytes: number): Promise<number> {
  const payload = new Uint8Array(bytes);
  const startedMs = performance.now();
  for (let sent = 0; sent < count;) {
    const burst = Math.min(count, sent + BURST);
    let refused: ActorError | undefined;
    while (sent < burst && refused === undefined) {
      refused = far.tell({ type: "count", payload });
      if (refused === undefined) sent += 1;
    }
    if (refused !== undefined && refused.code !== "mailbox-full") throw refused;
    await new Promise(setImmediate);
  }
  const counted = await far.ask<number>((replyTo) => ({ type: "counted", replyTo }), { timeoutMs: 60_000 });
  if (counted !== count) throw new Error(`${counted} of ${count} messages came`);
  return count / (performance.now() - startedMs);
}

/** Acknowledged messages a millisecond. */
export async function offersPerMs({ far }: Pair, count: number, bytes: number): Promise<number> {
  const payload = new Uint8Array(bytes);
  const startedMs = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await far.offer({ type: "count", payload }, { acknowledged: true });
    }
  };
  await Promise.all(Array.from({ length: OFFERS_UNDER_WAY }, worker));
  const perMs = count / (performance.now() - startedMs);
  await far.ask<number>((replyTo) => ({ type: "counted", replyTo }));
  return perMs;
}
