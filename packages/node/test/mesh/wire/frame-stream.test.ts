import type { Stream } from "@libp2p/interface";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { PeerError } from "../../../src/errors.ts";
import type { MeshConnection } from "../../../src/mesh/host/connection.ts";
import { FULL_BYTES } from "../../../src/mesh/wire/byte-pipe.ts";
import { FrameStream } from "../../../src/mesh/wire/frame-stream.ts";
import { soon, startHost, until, type TestHost } from "../host/hosts.ts";

const PROTOCOL = "/test/frames/1";
const MAX_BYTES = 1024 * 1024;

class End {
  readonly frames: Uint8Array[] = [];
  readonly closes: (PeerError | undefined)[] = [];
  drains = 0;
  readonly stream: FrameStream;

  constructor(stream: Stream, maxFrameBytes = MAX_BYTES) {
    this.stream = new FrameStream(stream, maxFrameBytes, {
      frame: (frame) => void this.frames.push(frame),
      drained: () => (this.drains += 1),
      closed: (error) => void this.closes.push(error),
    });
  }
}

/** Two hosts with a connection between them, and as many streams over it as wanted. */
async function wire(maxFrameBytes?: number): Promise<{
  readonly home: TestHost;
  readonly connection: MeshConnection;
  raw(): Promise<readonly [Stream, End]>;
  pair(): Promise<readonly [End, End]>;
}> {
  const [home, away] = [await startHost(), await startHost()];
  const accepted: End[] = [];
  await home.handle(PROTOCOL, (stream) => void accepted.push(new End(stream, maxFrameBytes)), {
    openTo: "members",
    maxInboundStreams: 64,
  });
  const connection = await away.dial(home.peerId, home.addresses(), { signal: soon() });
  const raw = async (): Promise<readonly [Stream, End]> => {
    const before = accepted.length;
    const stream = await connection.openStream(PROTOCOL, soon());
    await until(() => accepted.length > before);
    const far = accepted[before];
    if (far === undefined) throw new Error("nothing was accepted");
    return [stream, far];
  };
  const pair = async (): Promise<readonly [End, End]> => {
    const [stream, far] = await raw();
    return [new End(stream), far];
  };
  return { home, connection, raw, pair };
}

describe("a stream of frames between two hosts", () => {
  it("brings any frames both ways, whole and in order", async () => {
    const { pair } = await wire();
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.uint8Array({ maxLength: 10_000, size: "max" }), { maxLength: 20 }),
        async (frames) => {
          const [near, far] = await pair();
          for (const frame of frames) {
            near.stream.send(frame.subarray(0, 3), frame.subarray(3));
            far.stream.send(frame);
          }
          near.stream.end();
          await until(() => near.closes.length + far.closes.length === 2);
          expect([near.closes, far.closes]).toEqual([[undefined], [undefined]]);
          const sent = frames.map((frame) => Buffer.from(frame));
          expect(far.frames.map((frame) => Buffer.from(frame))).toEqual(sent);
          expect(near.frames.map((frame) => Buffer.from(frame))).toEqual(sent);
        },
      ),
      { numRuns: 25 },
    );
  });

  it("closes with a typed error on a frame that is too long, and harms nothing else", async () => {
    const { raw, pair } = await wire(1_000);
    const [stream, far] = await raw();
    stream.send(Uint8Array.of(0, 0, 4, 0, 1, 2, 3));
    await until(() => far.closes.length === 1);
    expect(far.closes[0]).toMatchObject({ code: "bad-frame" });
    await until(() => stream.status !== "open");
    const [near, other] = await pair();
    near.stream.send(new Uint8Array(1_000));
    await until(() => other.frames.length === 1);
    expect(() => other.stream.send(new Uint8Array(1_001))).toThrow(RangeError);
  });

  it("says when it is full, holds no more than that, and drains when the other side reads", async () => {
    const { pair } = await wire();
    const [near, far] = await pair();
    far.stream.pause();
    const frame = new Uint8Array(64 * 1024);
    let sent = 0;
    let mostWaiting = 0;
    // As a sender that heeds it: what does not fit waits.
    while (near.stream.send(frame)) {
      sent += 1;
      if (sent % 8 === 0) await new Promise(setImmediate);
      expect(sent).toBeLessThan(1_000);
    }
    sent += 1;
    mostWaiting = near.stream.waitingBytes;
    expect(mostWaiting).toBeLessThan(2 * FULL_BYTES);
    expect([far.frames.length, near.drains]).toEqual([0, 0]);
    far.stream.resume();
    await until(() => near.drains === 1 && far.frames.length === sent);
    expect(near.stream.send(frame)).toBe(true);
    await until(() => far.frames.length === sent + 1);
  });

  it("does not end in order when its connection breaks, nor when it is reset", async () => {
    const { pair, connection, home } = await wire();
    const [near, far] = await pair();
    const [other, otherFar] = await pair();
    far.stream.destroy();
    expect(far.closes).toEqual([]);
    await until(() => near.closes.length + far.closes.length === 2);
    expect([near.closes[0], far.closes[0]]).toMatchObject([{ code: "unreachable" }, { code: "unreachable" }]);
    for (const each of home.connectionsOf(connection.peer)) each.abort("never");
    connection.abort("cut");
    await until(() => other.closes.length + otherFar.closes.length === 2);
    expect([other.closes[0], otherFar.closes[0]]).toMatchObject([{ code: "unreachable" }, { code: "unreachable" }]);
    other.stream.send(Uint8Array.of(1));
    other.stream.end();
    other.stream.destroy();
    await new Promise(setImmediate);
    expect(other.closes.length).toBe(1);
  });

  it("is closed by what its receiver throws", async () => {
    const { home, connection } = await wire();
    const ends: (PeerError | undefined)[] = [];
    await home.handle(
      "/test/picky/1",
      (stream) =>
        void new FrameStream(stream, MAX_BYTES, {
          frame: () => {
            throw new TypeError("no frame of mine");
          },
          closed: (error) => void ends.push(error),
        }),
      { openTo: "members" },
    );
    const near = new End(await connection.openStream("/test/picky/1", soon()));
    near.stream.send(Uint8Array.of(1));
    await until(() => near.closes.length + ends.length === 2);
    expect(ends[0]).toMatchObject({ message: expect.stringContaining("no frame of mine") });
  });
});
