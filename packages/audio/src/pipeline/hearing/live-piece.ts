/** What is being said now, in a stream of a recogniser: fed as it grows, told of as it is understood. */
import { startStream } from "../../engines/hearing/start-stream.ts";
import type { SpeechStream, SpeechToText, StreamOptions, Transcript } from "../../engines/contracts.ts";

/** The captured sound between two moments. */
export type SoundBetween = (fromMs: number, toMs: number) => Float32Array;

/** One stream over a part of the captured sound that begins at `fromMs`. */
export class LivePiece {
  readonly fromMs: number;
  readonly #stream: SpeechStream;
  readonly #sound: SoundBetween;
  #fedMs: number;
  #feeding: Promise<void> | undefined;
  #hasFailed = false;

  /** `tell` is told what was understood up to a place of the captured sound. */
  constructor(
    stt: SpeechToText,
    options: StreamOptions,
    fromMs: number,
    sound: SoundBetween,
    tell: (text: string, throughMs: number) => void,
  ) {
    this.fromMs = fromMs;
    this.#fedMs = fromMs;
    this.#sound = sound;
    this.#stream = startStream(stt, options);
    void this.#read(tell);
  }

  /** How far it has been fed. */
  get fedMs(): number {
    return this.#fedMs;
  }

  /** Its engine died; what it has heard is lost with it. */
  get hasFailed(): boolean {
    return this.#hasFailed;
  }

  /**
   * Feeds what was captured up to `toMs`, or nothing while it is still taking in what came before; `mayBeLast` where the end may
   * follow at once. Resolves when it has taken it in; never rejects.
   */
  feed(toMs: number, mayBeLast = false): Promise<void> {
    if (this.#feeding !== undefined) return this.#feeding;
    if (toMs <= this.#fedMs || this.#hasFailed) return Promise.resolve();
    this.#feeding = this.#feed(toMs, mayBeLast)
      .catch(() => {
        this.#hasFailed = true;
      })
      .finally(() => {
        this.#feeding = undefined;
      });
    return this.#feeding;
  }

  /** Feeds the rest, and ends. @throws AudioError of the engine */
  async end(toMs: number, signal: AbortSignal): Promise<Transcript> {
    const cancel = (): void => this.cancel();
    if (signal.aborted) cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      await this.#feeding;
      if (toMs > this.#fedMs) await this.#feed(toMs, true);
      return await this.#stream.end();
    } finally {
      signal.removeEventListener("abort", cancel);
    }
  }

  cancel(): void {
    this.#hasFailed = true;
    this.#stream.cancel();
  }

  async #feed(toMs: number, mayBeLast: boolean): Promise<void> {
    const fromMs = this.#fedMs;
    this.#fedMs = toMs;
    await this.#stream.feed(this.#sound(fromMs, toMs), mayBeLast);
  }

  async #read(tell: (text: string, throughMs: number) => void): Promise<void> {
    const events = this.#stream.events[Symbol.asyncIterator]();
    for (;;) {
      // Whoever feeds or ends it meets the same error, and starts anew.
      const step = await events.next().catch(() => undefined);
      if (step === undefined) this.#hasFailed = true;
      if (step === undefined || step.done === true) return;
      if (step.value.type === "partial" && !this.#hasFailed) tell(step.value.text, this.fromMs + step.value.throughMs);
    }
  }
}
