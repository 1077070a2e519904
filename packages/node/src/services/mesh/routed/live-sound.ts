/** A live stream of sound that several may read, each from its own place: pulled when one needs more, kept for a little while. */
import { SPEECH_RATE_HZ } from "@parley/audio";
import type { Clock } from "@parley/actors";
import { turnOf } from "../turn.ts";
import { joined } from "../sound.ts";

/** Pulled before anybody asks, while whoever reads cannot take more: what lies ready then goes as one block. */
const AHEAD_SAMPLES = SPEECH_RATE_HZ;

interface Block {
  /** Its first sample, counted from the start of the stream. */
  readonly at: number;
  readonly samples: Float32Array;
}

export class LiveSound {
  readonly #clock: Clock;
  readonly #source: AsyncIterator<Float32Array>;
  readonly #pulled: () => void;
  #blocks: Block[] = [];
  #samples = 0;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #pulling: Promise<void> | undefined;
  /** Where the foremost reader is. */
  #readTo = 0;

  /** @param pulled called after each block */
  constructor(source: AsyncIterable<Float32Array>, clock: Clock, pulled: () => void) {
    this.#clock = clock;
    this.#source = source[Symbol.asyncIterator]();
    this.#pulled = pulled;
  }

  /** What its source failed with: it ended there. */
  get failure(): { readonly error: unknown } | undefined {
    return this.#failure;
  }

  /** How much there has been. */
  get lengthMs(): number {
    return (this.#samples * 1000) / SPEECH_RATE_HZ;
  }

  /** Where what is still kept begins. */
  get keptFrom(): number {
    return this.#blocks[0]?.at ?? this.#samples;
  }

  /** From a sample on that is still kept; what is there already comes a second at a time. */
  async *from(first: number, signal: AbortSignal): AsyncGenerator<Float32Array> {
    let at = first;
    while (!signal.aborted) {
      const from = at;
      const ready = this.#readyFrom(from);
      if (ready.length > 0) {
        at += ready.length;
        this.#readTo = Math.max(this.#readTo, at);
        this.#pullAhead();
        yield ready;
      } else if (this.#isOver) {
        return;
      } else {
        this.#readTo = Math.max(this.#readTo, at);
        await (this.#pulling ??= this.#pull());
        await turnOf(this.#clock);
      }
    }
  }

  /** Nobody asks for what is before that sample any more. */
  forgetBefore(sample: number): void {
    const first = this.#blocks.findIndex(({ at, samples }) => at + samples.length > sample);
    if (first !== 0) this.#blocks = first === -1 ? [] : this.#blocks.slice(first);
  }

  /** Nobody reads any more. Its source is told; one that waits for sound ends when that comes. */
  close(): void {
    this.#isOver = true;
    this.#source.return?.().catch((error: unknown) => {
      this.#failure ??= { error };
    });
  }

  /** At most a second of what is there; the block itself where there is one. */
  #readyFrom(sample: number): Float32Array {
    const first = this.#blocks.findIndex(({ at, samples }) => at + samples.length > sample);
    const parts: Float32Array[] = [];
    let length = 0;
    for (let n = first; n !== -1 && n < this.#blocks.length; n += 1) {
      const block = this.#blocks[n];
      if (block === undefined) break;
      const part = block.samples.subarray(Math.max(0, sample - block.at));
      if (length > 0 && length + part.length > AHEAD_SAMPLES) break;
      parts.push(part);
      length += part.length;
    }
    return joined(parts);
  }

  #pullAhead(): void {
    if (this.#isOver || this.#samples - this.#readTo >= AHEAD_SAMPLES) return;
    this.#pulling ??= this.#pull();
  }

  async #pull(): Promise<void> {
    try {
      const result = await this.#source.next();
      if (result.done === true) {
        this.#isOver = true;
      } else if (result.value.length > 0) {
        this.#blocks.push({ at: this.#samples, samples: result.value });
        this.#samples += result.value.length;
      }
    } catch (error) {
      // Told to who reads in the end: no engine would mend it.
      this.#failure = { error };
      this.#isOver = true;
    }
    this.#pulling = undefined;
    this.#pulled();
    this.#pullAhead();
  }
}
