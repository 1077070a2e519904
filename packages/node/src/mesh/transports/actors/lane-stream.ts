/** One lane of a connection between actor systems: a libp2p stream. Its first frame says whose lane it is. */
import type { Stream } from "@libp2p/interface";
import { LANES, type Lane } from "@parley/actors";
import { PeerError } from "../../../errors.ts";
import { FrameStream, type FrameReceiver } from "../../wire/frame-stream.ts";

export const CONNECTION_ID_BYTES = 16;
const HEADER_BYTES = 1 + CONNECTION_ID_BYTES;

/** What the first frame says. */
export interface LaneHeader {
  readonly lane: Lane;
  /** Drawn by the one who connects; in hexadecimal digits. */
  readonly connection: string;
}

export function encodeLaneHeader({ lane, connection }: LaneHeader): Uint8Array {
  return Buffer.concat([Uint8Array.of(LANES.indexOf(lane)), Buffer.from(connection, "hex")]);
}

/** @throws PeerError `bad-frame`. */
export function decodeLaneHeader(frame: Uint8Array): LaneHeader {
  const lane = LANES[frame[0] ?? LANES.length];
  if (lane === undefined || frame.length !== HEADER_BYTES) {
    throw new PeerError("bad-frame", "a stream between actors that does not say which lane it is", {
      nextStep: "Check that both peers run the same version.",
    });
  }
  return { lane, connection: Buffer.from(frame.subarray(1)).toString("hex") };
}

/** What comes before somebody listens is held: the stream is paused then, so that is at most its window. */
export class LaneStream {
  readonly frames: FrameStream;
  /** Of an incoming lane, told before it is heard: the first frame, or what went wrong before it. */
  onHeader: ((frame: Uint8Array) => void) | undefined;
  /** Told of a lane that breaks before anybody listens. */
  onEarlyEnd: (() => void) | undefined;
  #receiver: FrameReceiver | undefined;
  #early: Uint8Array[] = [];
  #end: { readonly error: PeerError | undefined } | undefined;

  constructor(stream: Stream, maxFrameBytes: number, onHeader?: (frame: Uint8Array) => void) {
    this.onHeader = onHeader;
    this.frames = new FrameStream(stream, maxFrameBytes, {
      heard: () => this.#receiver?.heard?.(),
      frame: (frame) => this.#take(frame),
      drained: () => this.#receiver?.drained?.(),
      ended: () => (this.#receiver?.ended === undefined ? this.frames.end() : this.#receiver.ended()),
      closed: (error) => this.#closed(error),
    });
  }

  /** From now on `receiver` hears of it, beginning with what has come before. */
  listen(receiver: FrameReceiver): void {
    this.#receiver = receiver;
    const early = this.#early;
    this.#early = [];
    if (early.length > 0) receiver.heard?.();
    for (const frame of early) receiver.frame(frame);
    const end = this.#end;
    if (end !== undefined) queueMicrotask(() => receiver.closed(end.error));
    else this.frames.resume();
  }

  #take(frame: Uint8Array): void {
    const { onHeader } = this;
    if (onHeader !== undefined) {
      this.onHeader = undefined;
      onHeader(frame);
    } else if (this.#receiver !== undefined) {
      this.#receiver.frame(frame);
    } else {
      this.#early.push(frame);
    }
    if (this.#receiver === undefined) this.frames.pause();
  }

  #closed(error: PeerError | undefined): void {
    this.#end = { error };
    this.#early = [];
    if (this.#receiver === undefined) this.onEarlyEnd?.();
    else this.#receiver.closed(error);
  }
}
