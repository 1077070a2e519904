/** The same over a bare socket: what the machine allows. */
import { once } from "node:events";
import type { Socket } from "node:net";
import { framed, Frames } from "./frames.ts";

export interface BareEnd {
  /** A new connection to a socket that the other process gives to `serveBare`. */
  bareSocket(): Promise<Socket>;
}

/** The first frame: what the frames after it are for. */
interface BareOrder {
  readonly type: "echo" | "count" | "send";
  readonly count: number;
  readonly bytes: number;
}

/** The other end's part. */
export function serveBare(socket: Socket): void {
  const frames = new Frames();
  let order: BareOrder | undefined;
  let left = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: Buffer) => {
    for (const frame of frames.of(chunk)) {
      if (order === undefined) {
        const given: BareOrder = JSON.parse(frame.toString());
        order = given;
        left = given.count;
        if (given.type === "send") void send(socket, given);
      } else if (order.type === "echo") {
        socket.write(framed(frame));
      } else {
        left -= 1;
        if (left === 0) socket.write(framed(Buffer.from("done")));
      }
    }
  });
}

async function send(socket: Socket, { count, bytes }: BareOrder): Promise<void> {
  const frame = framed(new Uint8Array(bytes));
  for (let i = 0; i < count; i += 1) if (!socket.write(frame)) await once(socket, "drain");
}

/** Milliseconds of each round trip. */
export async function bareEchoMs(end: BareEnd, count: number, bytes: number): Promise<readonly number[]> {
  return withSocket(end, { type: "echo", count, bytes }, async (socket, frames) => {
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
export async function bareFramesPerMs(end: BareEnd, count: number, bytes: number): Promise<number> {
  return withSocket(end, { type: "count", count, bytes }, async (socket, frames) => {
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
export async function bareMBps(end: BareEnd, count: number, bytes: number): Promise<number> {
  const startedMs = performance.now();
  return withSocket(end, { type: "send", count, bytes }, async (_socket, frames) => {
    await frames(count);
    return (count * bytes) / 1000 / (performance.now() - startedMs);
  });
}

async function withSocket<Result>(
  end: BareEnd,
  order: BareOrder,
  run: (socket: Socket, frames: (count: number) => Promise<void>) => Promise<Result>,
): Promise<Result> {
  const socket = await end.bareSocket();
  const incoming = new Frames();
  let received = 0;
  let wanted = { count: 0, resolve: (): void => undefined };
  socket.on("data", (chunk: Buffer) => {
    for (const _frame of incoming.of(chunk)) received += 1;
    if (received >= wanted.count) wanted.resolve();
  });
  const frames = (more: number): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wanted = { count: wanted.count + more, resolve };
    if (received >= wanted.count) resolve();
    return promise;
  };
  socket.write(framed(Buffer.from(JSON.stringify(order))));
  try {
    return await run(socket, frames);
  } finally {
    socket.destroy();
  }
}
