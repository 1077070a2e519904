import { TypedEventEmitter } from "@libp2p/interface";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { quietEvents } from "../../../src/mesh/host/quiet-events.ts";
import { FrameStream } from "../../../src/mesh/wire/frame-stream.ts";
import { soon, startHost, until } from "./hosts.ts";

const PROTOCOL = "/test/sink/1";
const FRAMES = 50;

interface Events {
  readonly idle: CustomEvent<number>;
}

describe("an event of libp2p's", () => {
  it("reaches who listens, once and from when to when they do", () => {
    const target = new TypedEventEmitter<Events>();
    quietEvents(target);
    const heard: number[] = [];
    const listener = ({ detail }: CustomEvent<number>): void => void heard.push(detail);
    const say = (detail: number): boolean => target.safeDispatchEvent("idle", { detail });
    expect(say(1)).toBe(true);
    target.addEventListener("idle", listener);
    expect(say(2)).toBe(true);
    target.removeEventListener("idle", listener);
    say(3);
    target.addEventListener("idle", listener, { once: true });
    say(4);
    say(5);
    expect(heard).toStrictEqual([2, 4]);
  });

  it("tells still who listens that it was cancelled", () => {
    const target = new TypedEventEmitter<Events>();
    quietEvents(target);
    target.addEventListener("idle", (event) => event.preventDefault());
    expect(target.safeDispatchEvent("idle", { detail: 1, cancelable: true })).toBe(false);
  });

  it("is not made for a frame that leaves while nobody listens", async () => {
    const [home, visitor] = [await startHost(), await startHost()];
    let frames = 0;
    const sink = { frame: () => void (frames += 1), closed: () => undefined };
    await home.handle(PROTOCOL, (stream) => void new FrameStream(stream, 1_000, sink), { openTo: "members" });
    const connection = await visitor.dial(home.peerId, home.addresses(), { signal: soon() });
    const stream = new FrameStream(await connection.openStream(PROTOCOL, soon()), 1_000, sink);
    stream.send(Uint8Array.of(0));
    await until(() => frames === 1);

    const made = vi.spyOn(globalThis, "CustomEvent");
    onTestFinished(() => void vi.restoreAllMocks());
    for (let i = 0; i < FRAMES; i += 1) {
      stream.send(Uint8Array.of(i));
      await until(() => frames === i + 2);
    }
    // A stream of libp2p's own that closes meanwhile listens for its last word.
    expect(made.mock.calls.filter(([type]) => type === "idle").length).toBeLessThan(FRAMES / 2);
  });
});
