/** One live stream read by several engines, each of which may die and be started anew without a gap in what it hears. */
import { isAudioError } from "../../errors.ts";
import { BoundedQueue } from "../../format/queue.ts";
import type { Recorder } from "../recorder.ts";
import type { ConversationClock } from "./contracts.ts";

/** Blocks that may wait for an engine. */
const BLOCKS_WAITING = 512;
/** Waits before an engine that died listens again; the last goes on for ever. */
const AGAIN_AFTER_MS = [50, 250, 1000, 5000] as const;

/** What an engine makes of a stream that begins at `baseMs` of the captured sound. */
export type Listening = (audio: AsyncIterable<Float32Array>, baseMs: number) => Promise<void>;

/** One engine's way to the stream. */
export class Tap {
  readonly #recorder: Recorder;
  readonly #clock: ConversationClock;
  /** Sound before the place where it stopped that an engine wants to hear again. */
  readonly #leadMs: number;
  #queue: BoundedQueue<Float32Array> | undefined;
  #isOver = false;

  constructor(recorder: Recorder, clock: ConversationClock, leadMs: number) {
    this.#recorder = recorder;
    this.#clock = clock;
    this.#leadMs = leadMs;
  }

  /** The newest block, which the recorder has already. Waits when the engine is far behind, until it is found dead. */
  async push(block: Float32Array): Promise<void> {
    await this.#queue?.push(block);
  }

  end(): void {
    this.#isOver = true;
    this.#queue?.close();
  }

  /**
   * Runs `listening` until the stream has ended; when its engine dies, again from where it stopped.
   * @param heardMs how far into the captured sound it has got
   * @param onFailure told each time
   */
  async run(
    listening: Listening,
    heardMs: () => number,
    onFailure: (error: unknown) => void,
    signal: AbortSignal,
  ): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      const startedAtMs = heardMs();
      const baseMs = Math.max(0, startedAtMs - this.#leadMs);
      try {
        await listening(this.#from(baseMs, signal), baseMs);
        return;
      } catch (error) {
        if (signal.aborted || !isAudioError(error)) throw error;
        onFailure(error);
        failures = heardMs() > startedAtMs + 1000 ? 1 : failures + 1;
        if (this.#isOver && failures > AGAIN_AFTER_MS.length) throw error;
        await this.#pause(AGAIN_AFTER_MS[Math.min(failures, AGAIN_AFTER_MS.length) - 1] ?? 0, signal);
      }
    }
  }

  async *#from(baseMs: number, signal: AbortSignal): AsyncGenerator<Float32Array> {
    const queue = new BoundedQueue<Float32Array>({ capacity: BLOCKS_WAITING, signal, doing: "listening" });
    const before = this.#recorder.between(baseMs, Infinity);
    if (this.#isOver) queue.close();
    this.#queue = queue;
    try {
      if (before.length > 0) yield before;
      yield* queue;
    } finally {
      if (this.#queue === queue) this.#queue = undefined;
    }
  }

  async #pause(ms: number, signal: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const takeBack = this.#clock.after(ms, over.resolve);
    signal.addEventListener("abort", () => over.resolve(), { once: true });
    await over.promise;
    takeBack();
  }
}
