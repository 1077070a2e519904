/** Sound of one stretch of speech, kept until its transcript is final: whoever recognises it next hears all of it. */

import type { Clock } from "@parley/actors";
import { turnOf } from "../turn.ts";
import { BLOCK_SAMPLES, joined } from "../sound.ts";

/** One who hears it, from its beginning on. */
export interface SoundReader extends AsyncIterableIterator<Float32Array, undefined> {
  /** Blocks that it has done with: it came back for the next. */
  readonly done: number;
}

export class KeptSound {
  readonly #blocks: Float32Array[] = [];
  readonly #maybeLast = new WeakSet<Float32Array>();
  #samples = 0;
  #isOver = false;
  readonly #ended = Promise.withResolvers<void>();
  /** Told of each block, of the end, and of each step of a reader. */
  #bell = Promise.withResolvers<void>();

  /** All of it is there. */
  static of(blocks: Iterable<Float32Array>): KeptSound {
    const sound = new KeptSound();
    for (const block of blocks) sound.push(block);
    sound.end();
    return sound;
  }

  get samples(): number {
    return this.#samples;
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** It must not change afterwards. */
  push(block: Float32Array, mayBeLast = false): void {
    this.#blocks.push(block);
    if (mayBeLast) this.#maybeLast.add(block);
    this.#samples += block.length;
    this.ring();
  }

  /** Whether the end may follow that block at once. */
  mayBeLast(block: Float32Array): boolean {
    return this.#maybeLast.has(block);
  }

  end(): void {
    this.#isOver = true;
    this.#ended.resolve();
    this.ring();
  }

  /** Resolves when there is no more. */
  over(): Promise<void> {
    return this.#ended.promise;
  }

  /** Resolves at the next change of it or of its readers. */
  changed(): Promise<void> {
    return this.#bell.promise;
  }

  /** @param together given: what is there already, or comes at once, comes as blocks as long as may travel; else each as it was given */
  reader(together?: Clock): SoundReader {
    let at = 0;
    let done = 0;
    let hasLeft = false;
    const next = async (): Promise<IteratorResult<Float32Array, undefined>> => {
      done = at;
      this.ring();
      for (;;) {
        const blocks = hasLeft ? [] : this.#from(at, together !== undefined);
        if (blocks.length > 0) {
          at += blocks.length;
          return { done: false, value: this.#asOne(blocks) };
        }
        if (hasLeft || this.#isOver) return { done: true, value: undefined };
        await this.changed();
        if (together !== undefined) await turnOf(together);
      }
    };
    return {
      get done() {
        return done;
      },
      next,
      return: () => {
        hasLeft = true;
        this.ring();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  #from(at: number, isTogether: boolean): readonly Float32Array[] {
    let end = at;
    for (let samples = 0; end < this.#blocks.length; end += 1) {
      samples += this.#blocks[end]?.length ?? 0;
      if (end > at && (!isTogether || samples > BLOCK_SAMPLES)) break;
    }
    return this.#blocks.slice(at, end);
  }

  #asOne(blocks: readonly Float32Array[]): Float32Array {
    const one = joined(blocks);
    const last = blocks.at(-1);
    if (last !== undefined && this.mayBeLast(last)) this.#maybeLast.add(one);
    return one;
  }

  /** Wakes who waits for a change. */
  ring(): void {
    this.#bell.resolve();
    this.#bell = Promise.withResolvers();
  }
}
