/** A live stream of sound that several may read, each from its own place: pulled when one needs more, kept for a little while. */
import { SPEECH_RATE_HZ } from "@parley/audio";

interface Block {
  /** Its first sample, counted from the start of the stream. */
  readonly at: number;
  readonly samples: Float32Array;
}

export class LiveSound {
  readonly #source: AsyncIterator<Float32Array>;
  readonly #pulled: () => void;
  #blocks: Block[] = [];
  #samples = 0;
  #isOver = false;
  #failure: { readonly error: unknown } | undefined;
  #pulling: Promise<void> | undefined;

  /** @param pulled called after each block */
  constructor(source: AsyncIterable<Float32Array>, pulled: () => void) {
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

  /** From a sample on that is still kept. */
  async *from(first: number, signal: AbortSignal): AsyncGenerator<Float32Array> {
    let at = first;
    while (!signal.aborted) {
      const from = at;
      const block = this.#blocks.find((each) => each.at + each.samples.length > from);
      if (block !== undefined) {
        at = block.at + block.samples.length;
        yield block.samples.subarray(Math.max(0, from - block.at));
      } else if (this.#isOver) {
        return;
      } else {
        await (this.#pulling ??= this.#pull());
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
  }
}
