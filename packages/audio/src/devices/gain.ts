/** A gain that moves without steps. */

/** An amplitude factor that goes to its targets in straight lines, sample by sample. */
export class GainRamp {
  #gain = 1;
  #target = 1;
  #step = 0;

  /** Where it is going, or is. */
  get target(): number {
    return this.#target;
  }

  /** Heads for `target`, which is reached after `samples`. */
  go(target: number, samples: number): void {
    this.#target = target;
    this.#step = (target - this.#gain) / Math.max(1, samples);
  }

  /** Is there at once. */
  jump(target: number): void {
    this.#gain = target;
    this.#target = target;
  }

  /** Multiplies `samples` in place. */
  apply(samples: Float32Array): void {
    for (let i = 0; i < samples.length; i++) {
      if (this.#gain !== this.#target) {
        const next = this.#gain + this.#step;
        this.#gain = (this.#step > 0 ? next >= this.#target : next <= this.#target) ? this.#target : next;
      }
      samples[i] = (samples[i] ?? 0) * this.#gain;
    }
  }
}

/** The factor of a gain in decibels. */
export function amplitude(gainDb: number): number {
  return 10 ** (gainDb / 20);
}
