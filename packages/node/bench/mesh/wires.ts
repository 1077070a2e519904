/** Asks and streams over links, and the same frames over a bare socket. */
import type { Socket } from "node:net";
import { framePrefix, FrameSplitter } from "../../src/mesh/wire/frame-splitter.ts";
import type { BareOrder } from "./orders.ts";
import type { Pair } from "./pair.ts";

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

/** Thousands of questions a second, with so many under way. */
export async function asksPerMs({ far }: Pair, count: number, bytes: number, underWay: number): Promise<number> {
  const payload = new Uint8Array(bytes);
  const startedMs = performance.now();
  let left = count;
  const worker = async (): Promise<void> => {
    for (; left > 0;) {
      left -= 1;
      await far.ask<Uint8Array>((replyTo) => ({ type: "echo", payload, replyTo }));
    }
  };
  await Promise.all(Array.from({ length: underWay }, worker));
  return count / (performance.now() - startedMs);
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

export async function bareEchoMs(pair: Pair, count: number, bytes: number): Promise<readonly number[]> {
  return withSocket(pair, { type: "echo" }, async (socket, frames) => {
    const frame = framed(new Uint8Array(bytes));
    const times: number[] = [];
    for (let i = 0; i < count; i += 1) {
      const startedMs = performance.now();
      socket.write(frame);
      await frames(1);
      times.push(performance.now() - startedMs);
    }
    return times;
  });
}

export async function bareMBps(pair: Pair, count: number, bytes: number): Promise<number> {
  const startedMs = performance.now();
  return withSocket(pair, { type: "send", count, bytes }, async (_socket, frames) => {
    await frames(count);
    return (count * bytes) / 1000 / (performance.now() - startedMs);
  });
}

async function withSocket<Result>(
  pair: Pair,
  order: BareOrder,
  run: (socket: Socket, frames: (count: number) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const socket = await pair.bareSocket();
  const splitter = new FrameSplitter(16 * 1024 * 1024);
  let received = 0;
  let wanted = { count: 0, resolve: (): void => undefined };
  socket.on("data", (chunk: Buffer) => {
    for (const _frame of splitter.framesOf(chunk)) received += 1;
    if (received >= wanted.count) wanted.resolve();
  });
  const frames = (more: number): Promise<void> => {
    const count = wanted.count + more;
    const { promise, resolve } = Promise.withResolvers<void>();
    wanted = { count, resolve };
    if (received >= count) resolve();
    return promise;
  };
  socket.write(framed(Buffer.from(JSON.stringify(order))));
  try {
    return await run(socket, frames);
  } finally {
    socket.destroy();
  }
}

function framed(frame: Uint8Array): Buffer {
  return Buffer.concat([framePrefix(frame.length), frame]);
}
