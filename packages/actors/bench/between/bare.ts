/** The same over a bare socket: frames with a length before them, and nothing else. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { FrameSplitter, PREFIX_BYTES } from "../../src/testing/tcp/splitter.ts";
import type { BareOrder } from "./orders.ts";
import type { Pair } from "./pair.ts";

const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Milliseconds of each round trip. */
export async function bareEchoMs(pair: Pair, count: number, bytes: number): Promise<readonly number[]> {
  return withSocket(pair, { type: "echo", count }, async (socket, frames) => {
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

/** Frames a millisecond. */
export async function bareFramesPerMs(pair: Pair, count: number, bytes: number): Promise<number> {
  return withSocket(pair, { type: "count", count }, async (socket, frames) => {
    const frame = framed(new Uint8Array(bytes));
    const startedMs = performance.now();
    for (let i = 0; i < count; i += 1) {
      // As a transport would: what is sent in one turn leaves together.
      if (i % 500 === 0) socket.cork();
      const hasRoom = socket.write(frame);
      if (i % 500 === 499) {
        socket.uncork();
        if (!hasRoom && socket.writableNeedDrain) await once(socket, "drain");
      }
    }
    socket.uncork();
    await frames(1);
    return count / (performance.now() - startedMs);
  });
}

/** Megabytes (10^6) a second. */
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
  const splitter = new FrameSplitter(MAX_FRAME_BYTES);
  let received = 0;
  let wanted = { count: 0, resolve: (): void => undefined };
  socket.on("data", (chunk: Buffer) => {
    for (const _frame of splitter.framesOf(chunk)) received += 1;
    if (received >= wanted.count) wanted.resolve();
  });
  const frames = async (more: number): Promise<void> => {
    const count = wanted.count + more;
    await new Promise<void>((resolve) => {
      wanted = { count, resolve };
      if (received >= count) resolve();
    });
  };
  socket.write(framed(Buffer.from(JSON.stringify(order))));
  try {
    return await run(socket, frames);
  } finally {
    socket.destroy();
  }
}

function framed(frame: Uint8Array): Buffer {
  const bytes = Buffer.allocUnsafe(PREFIX_BYTES + frame.length);
  bytes.writeUInt32BE(frame.length);
  bytes.set(frame, PREFIX_BYTES);
  return bytes;
}
