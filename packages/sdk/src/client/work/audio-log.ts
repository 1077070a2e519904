/** Sound that may have to be sent again. Positions are samples from the first one that was ever added. */

/** What a microphone gave, by a client that knows what it plays itself. */
export interface CapturedSound {
  /** Mono at 16 kHz. */
  readonly samples: Float32Array;
  /**
   * How much of it our own playback explains, 0 to 1, whether or not that was taken out: it does not interrupt. Browsers cannot
   * tell, and leave it out.
   */
  readonly echo?: number | undefined;
}

interface Piece {
  readonly at: number;
  readonly samples: Int16Array;
  readonly echo: number;
}

/** Keeps at most so many samples; what is oldest falls out. Two bytes each, as they are sent. */
export class AudioLog {
  readonly #most: number;
  #pieces: Piece[] = [];
  #end = 0;

  constructor(mostSamples: number) {
    this.#most = mostSamples;
  }

  /** The oldest that is kept. */
  get start(): number {
    return this.#pieces[0]?.at ?? this.#end;
  }

  /** Behind the newest. */
  get end(): number {
    return this.#end;
  }

  add({ samples, echo = 0 }: CapturedSound): void {
    if (samples.length === 0) return;
    // A copy: whoever captures sound may use its buffer again.
    const kept = Int16Array.from(samples, (sample) => Math.round(Math.max(-1, Math.min(1, sample)) * 32_767));
    this.#pieces.push({ at: this.#end, samples: kept, echo });
    this.#end += kept.length;
    if (this.#end - this.start > this.#most) this.forget(this.#end - this.#most);
  }

  /** What is before `position` is not needed any more. A piece is kept as long as any of it may be. */
  forget(position: number): void {
    let past = 0;
    for (const { at, samples } of this.#pieces) {
      if (at + samples.length > position) break;
      past += 1;
    }
    if (past > 0) this.#pieces = this.#pieces.slice(past);
  }

  /** From `position` on, at most `most` samples, none of two pieces; undefined when there are none. */
  read(position: number, most: number): CapturedSound | undefined {
    const piece = this.#pieces[this.#indexOf(position)];
    if (piece === undefined || position < piece.at) return undefined;
    const from = position - piece.at;
    const samples = Float32Array.from(piece.samples.subarray(from, from + most), (sample) => sample / 32_767);
    return piece.echo > 0 ? { samples, echo: Math.min(1, piece.echo) } : { samples };
  }

  /** Of the first piece that ends behind `position`. */
  #indexOf(position: number): number {
    let [low, high] = [0, this.#pieces.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const { at = 0, samples } = this.#pieces[middle] ?? {};
      if (at + (samples?.length ?? 0) > position) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
