/** The door's streams over the mesh's host. */
import type { Stream } from "@libp2p/interface";
import { isPeerError, PeerError } from "../../errors.ts";
import { hostAndPortOf } from "../host/addresses.ts";
import type { MeshConnection } from "../host/connection.ts";
import type { MeshHost } from "../host/mesh-host.ts";
import { FrameStream as WireFrames } from "../wire/frame-stream.ts";
import { MAX_FRAME_BYTES, type FrameStream } from "./frame-stream.ts";
import { misbehaved } from "./protocol/codec.ts";
import { DOOR_PROTOCOL } from "./protocol/messages.ts";
import type { Door } from "./server/door.ts";

/** From so many unread frames on no more are taken in. */
const MANY_UNREAD = 8;
/** What came with them may be more: not this many, for each answer is asked for. */
const MAX_UNREAD = 64;
/** How long a full stream may take to take a frame. */
const SEND_MS = 10_000;

/** From now on `door` answers whoever connects to `host`. */
export async function openDoorOn(host: MeshHost, door: Door): Promise<void> {
  const serve = (stream: Stream, connection: MeshConnection) =>
    door.serve(
      new LibP2pDoorStream(stream, connection, {
        letWait: () => host.letWait(connection),
        endWait: () => host.endWait(connection),
      }),
    );
  await host.handle(DOOR_PROTOCOL, serve, { openTo: "strangers" });
}

/** A stream to the door of the peer at the other end. @throws PeerError `unreachable`. */
export async function visitOver(connection: MeshConnection, signal: AbortSignal): Promise<FrameStream> {
  const stream = await connection.openStream(DOOR_PROTOCOL, signal);
  return new LibP2pDoorStream(stream, connection, { letWait: () => true, endWait: () => undefined });
}

/** One stream as the door sees it. */
export class LibP2pDoorStream implements FrameStream {
  readonly remotePeer: string;
  readonly remoteAddress: string | undefined;
  readonly #frames: WireFrames;
  readonly #patience: { letWait(): boolean; endWait(): void };
  readonly #unread: Uint8Array[] = [];
  #end: PeerError | undefined;
  #arrival: PromiseWithResolvers<void> | undefined;
  #room: PromiseWithResolvers<void> | undefined;

  constructor(stream: Stream, connection: MeshConnection, patience: { letWait(): boolean; endWait(): void }) {
    this.remotePeer = connection.peer;
    this.remoteAddress = hostAndPortOf(connection.remoteAddress)?.host;
    this.#patience = patience;
    this.#frames = new WireFrames(stream, MAX_FRAME_BYTES, {
      frame: (frame) => this.#arrived(frame),
      drained: () => this.#room?.resolve(),
      closed: (error) => this.#closed(error),
    });
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.#end !== undefined || !this.#frames.isOpen) throw this.#end ?? ended();
    if (this.#frames.send(frame)) return;
    this.#room = Promise.withResolvers();
    await before(this.#room.promise, AbortSignal.timeout(SEND_MS));
  }

  async receive(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Uint8Array> {
    const frame = this.#next();
    if (frame !== undefined) return frame;
    if (this.#end !== undefined) throw this.#end;
    this.#arrival = Promise.withResolvers();
    const timeout = AbortSignal.timeout(options.timeoutMs);
    await before(
      this.#arrival.promise,
      options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal]),
    );
    return this.#next() ?? this.receive(options);
  }

  letWait(): boolean {
    return this.#patience.letWait();
  }

  endWait(): void {
    this.#patience.endWait();
  }

  async close(): Promise<void> {
    this.#frames.end();
  }

  abort(error: Error): void {
    this.#frames.destroy(isPeerError(error) ? error : ended(error));
  }

  #next(): Uint8Array | undefined {
    const frame = this.#unread.shift();
    if (this.#unread.length < MANY_UNREAD) this.#frames.resume();
    return frame;
  }

  #arrived(frame: Uint8Array): void {
    if (this.#unread.length >= MAX_UNREAD) throw misbehaved("more than was asked for");
    this.#unread.push(frame);
    if (this.#unread.length >= MANY_UNREAD) this.#frames.pause();
    this.#arrival?.resolve();
  }

  #closed(error: PeerError | undefined): void {
    // The door tells apart who broke the rules and who is gone; the wire has its own words for both.
    if (isPeerError(error, "bad-frame")) this.#end ??= misbehaved("a frame that is too long", error);
    this.#end ??= isPeerError(error, "peer-misbehaved") ? error : ended(error);
    this.#arrival?.resolve();
    this.#room?.reject(this.#end);
  }
}

/** What `promise` gives. @throws PeerError `peer-silent` at the deadline, `interrupted` when somebody has aborted. */
async function before(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const stop = () => reject(isTimeout(signal.reason) ? silent() : interrupted(signal.reason));
  if (signal.aborted) stop();
  signal.addEventListener("abort", stop, { once: true });
  try {
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

function isTimeout(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === "TimeoutError";
}

const silent = () => new PeerError("peer-silent", "the other peer said nothing in time", { nextStep: "Try again." });

function ended(cause?: unknown): PeerError {
  return new PeerError("peer-silent", "the other peer has ended the stream", { nextStep: "Try again.", cause });
}

function interrupted(cause: unknown): PeerError {
  return new PeerError("interrupted", "nobody waits for the other peer any more", { nextStep: "Try again.", cause });
}
