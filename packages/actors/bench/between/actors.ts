/** What actors of two processes can do. */
import type { ActorError } from "../../src/index.ts";
import type { Pair } from "./pair.ts";

/** Tells before the sender gives way; it goes on when there is room in the queue. */
const BURST = 2_000;
const OFFERS_UNDER_WAY = 256;

/** Milliseconds of each round trip. */
export async function askMs({ far }: Pair, count: number, bytes: number): Promise<readonly number[]> {
  const payload = new Uint8Array(bytes);
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const startedMs = performance.now();
    await far.ask<Uint8Array>((replyTo) => ({ type: "echo", payload, replyTo }));
    times.push(performance.now() - startedMs);
  }
  return times;
}

/** Questions a second, with so many under way. */
export async function asksPerMs({ far }: Pair, count: number, bytes: number, underWay: number): Promise<number> {
  const payload = new Uint8Array(bytes);
  const startedMs = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      await far.ask<Uint8Array>((replyTo) => ({ type: "echo", payload, replyTo }));
    }
  };
  await Promise.all(Array.from({ length: underWay }, worker));
  return count / (performance.now() - startedMs);
}

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

/** Megabytes (10^6) a second. */
export async function streamMBps({ far }: Pair, count: number, bytes: number): Promise<number> {
  const startedMs = performance.now();
  let received = 0;
  const items = far.stream<Uint8Array>((replyTo) => ({ type: "stream", count, bytes, replyTo }), { window: 64 });
  for await (const item of items) received += item.length;
  if (received !== count * bytes) throw new Error(`${received} bytes of a stream came`);
  return received / 1000 / (performance.now() - startedMs);
}
