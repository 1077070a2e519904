/** How fast an actor in another process answers, and how much it sends. */
import type { ActorRef } from "@parley/actors";
import type { Echo, OfferStream } from "./orders.ts";

export interface FarActor {
  readonly far: ActorRef<Echo | OfferStream>;
}

/** Milliseconds of each round trip. */
export async function askMs({ far }: FarActor, count: number, bytes: number): Promise<readonly number[]> {
  const payload = new Uint8Array(bytes);
  const times: number[] = [];
  for (let i = 0; i < count; i += 1) {
    const startedMs = performance.now();
    await far.ask<Uint8Array>((replyTo) => ({ type: "echo", payload, replyTo }));
    times.push(performance.now() - startedMs);
  }
  return times;
}

/** Thousands of questions a second, with so many under way. */
export async function asksPerMs({ far }: FarActor, count: number, bytes: number, underWay: number): Promise<number> {
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

/** Megabytes (10^6) a second. */
export async function streamMBps({ far }: FarActor, count: number, bytes: number): Promise<number> {
  const startedMs = performance.now();
  let received = 0;
  const items = far.stream<Uint8Array>((replyTo) => ({ type: "stream", count, bytes, replyTo }), { window: 64 });
  for await (const item of items) received += item.length;
  if (received !== count * bytes) throw new Error(`${received} bytes of a stream came`);
  return received / 1000 / (performance.now() - startedMs);
}
