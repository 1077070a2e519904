/** Two ends of a stream in memory, with hands on what travels. */
import { PeerError } from "../../../src/errors.ts";
import type { FrameStream } from "../../../src/mesh/door/frame-stream.ts";

/** Sees each frame that `from` sends, and what arrives instead: nothing, one or more. */
export type Tap = (frame: Uint8Array, from: string) => readonly Uint8Array[];

export interface MemoryEnd extends FrameStream {
  readonly isEnded: boolean;
  /** Frames that have arrived and were not received yet. */
  readonly unread: number;
}

export interface Endpoint {
  readonly peerId: string;
  readonly address?: string;
}

/** The stream of `left` to `right`, and the other end of it. */
export function memoryStreams(left: Endpoint, right: Endpoint, tap: Tap = (frame) => [frame]): [MemoryEnd, MemoryEnd] {
  const one: End = new End(right, (frame) => tap(frame, left.peerId).forEach((arrives) => other.arrive(arrives)));
  const other: End = new End(left, (frame) => tap(frame, right.peerId).forEach((arrives) => one.arrive(arrives)));
  one.other = other;
  other.other = one;
  return [one, other];
}

class End implements MemoryEnd {
  readonly remotePeer: string;
  readonly remoteAddress: string | undefined;
  other: End | undefined;
  readonly #pass: (frame: Uint8Array) => void;
  readonly #arrived: Uint8Array[] = [];
  #waiting: PromiseWithResolvers<void> | undefined;
  #end: "closed" | "aborted" | undefined;
  #remoteEnd = false;

  constructor(remote: Endpoint, pass: (frame: Uint8Array) => void) {
    this.remotePeer = remote.peerId;
    this.remoteAddress = remote.address;
    this.#pass = pass;
  }

  get isEnded(): boolean {
    return this.#end !== undefined;
  }

  get unread(): number {
    return this.#arrived.length;
  }

  arrive(frame: Uint8Array): void {
    this.#arrived.push(Uint8Array.from(frame));
    this.#waiting?.resolve();
  }

  async send(frame: Uint8Array): Promise<void> {
    if (this.#end !== undefined || this.#remoteEnd) throw silent("the stream has ended");
    this.#pass(frame);
  }

  async receive({ timeoutMs, signal }: { timeoutMs: number; signal?: AbortSignal }): Promise<Uint8Array> {
    for (;;) {
      const frame = this.#arrived.shift();
      if (frame !== undefined) return frame;
      if (this.#end !== undefined || this.#remoteEnd) throw silent("the stream has ended");
      if (signal?.aborted === true) throw interrupted();
      const waiting = Promise.withResolvers<void>();
      this.#waiting = waiting;
      const timer = setTimeout(() => waiting.reject(silent("nothing has come")), timeoutMs);
      const abort = () => waiting.reject(interrupted());
      signal?.addEventListener("abort", abort);
      try {
        await waiting.promise;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
      }
    }
  }

  async close(): Promise<void> {
    this.#finish("closed");
  }

  abort(): void {
    this.#finish("aborted");
  }

  #finish(end: "closed" | "aborted"): void {
    if (this.#end !== undefined) return;
    this.#end = end;
    this.#waiting?.resolve();
    this.other?.remoteEnded();
  }

  remoteEnded(): void {
    this.#remoteEnd = true;
    this.#waiting?.resolve();
  }
}

const silent = (what: string) => new PeerError("peer-silent", what, { nextStep: "Try again." });
const interrupted = () => new PeerError("interrupted", "interrupted", { nextStep: "Try again." });
