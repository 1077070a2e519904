import { Socket } from "node:net";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { FrameStream } from "../../../src/mesh/wire/frame-stream.ts";
import { soon, startHost, until } from "./hosts.ts";

const PROTOCOL = "/test/sink/1";
const FRAMES = 50;

describe("a small frame between hosts", () => {
  it("leaves in one piece with its length, and is read without an error being made", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    let frames = 0;
    const sink = { frame: () => void (frames += 1), closed: () => undefined };
    await home.handle(PROTOCOL, (stream) => void new FrameStream(stream, 1_000, sink), { openTo: "members" });
    const connection = await visitor.dial(home.peerId, home.addresses(), { signal: soon() });
    const stream = new FrameStream(await connection.openStream(PROTOCOL, soon()), 1_000, sink);
    stream.send(Uint8Array.of(0));
    await until(() => frames === 1);

    const alone = vi.spyOn(Socket.prototype, "_write");
    const together = vi.spyOn(Socket.prototype, "_writev");
    const errors = vi.spyOn(globalThis, "RangeError");
    onTestFinished(() => void vi.restoreAllMocks());
    for (let i = 0; i < FRAMES; i += 1) {
      stream.send(Uint8Array.of(i));
      await until(() => frames === i + 2);
    }
    expect(together.mock.calls.length).toBeGreaterThanOrEqual(FRAMES);
    expect(alone.mock.calls.filter(([piece]) => (piece as Uint8Array).length === 2)).toStrictEqual([]);
    expect(errors).not.toHaveBeenCalled();
  });

  it("may be followed by frames of many packets, which arrive whole", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    const got: number[] = [];
    const sink = { frame: (frame: Uint8Array) => void got.push(frame.length), closed: () => undefined };
    await home.handle(PROTOCOL, (stream) => void new FrameStream(stream, 4_000_000, sink), { openTo: "members" });
    const connection = await visitor.dial(home.peerId, home.addresses(), { signal: soon() });
    const stream = new FrameStream(await connection.openStream(PROTOCOL, soon()), 4_000_000, sink);
    const sent = [1, 65_519, 65_520, 3_000_000, 2, 70_000, 1];
    for (const length of sent) stream.send(new Uint8Array(length));
    await until(() => got.length === sent.length);
    expect(got).toStrictEqual(sent);
  });
});
