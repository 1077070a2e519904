/** What is known of our own playback in what a microphone gave: written frame by frame, read by place. */
import { SPEECH_RATE_HZ } from "@parley/audio";

/** Stretches kept: at 10 ms each more than a detector that was started anew hears again. */
const MOST = 1024;

interface Stretch {
  readonly echo: number;
  /** Its end, in samples from the stream's first. */
  end: number;
}

/** One microphone's. */
export class EchoLog {
  #stretches: Stretch[] = [];
  /** Where the first stretch that is kept begins. */
  #begin = 0;

  /** The next frame: so many samples, of which our playback explains `echo`, 0 to 1. */
  push(samples: number, echo: number): void {
    const last = this.#stretches.at(-1);
    const end = (last?.end ?? this.#begin) + samples;
    if (last?.echo === echo) last.end = end;
    else this.#stretches.push({ echo, end });
    if (this.#stretches.length < 2 * MOST) return;
    const kept = this.#stretches.slice(-MOST);
    this.#begin = this.#stretches[MOST - 1]?.end ?? end;
    this.#stretches = kept;
  }

  /** The share between two places, in milliseconds from the stream's first sample; 0 of what is not known (any more). */
  between(fromMs: number, toMs: number): number {
    const [from, to] = [(fromMs * SPEECH_RATE_HZ) / 1000, (toMs * SPEECH_RATE_HZ) / 1000];
    if (!(to > from)) return 0;
    let sum = 0;
    for (let index = this.#stretches.length - 1; index >= 0; index -= 1) {
      const { echo, end } = this.#stretches[index] ?? { echo: 0, end: 0 };
      const begin = this.#stretches[index - 1]?.end ?? this.#begin;
      if (end <= from) break;
      sum += echo * Math.max(0, Math.min(to, end) - Math.max(from, begin));
    }
    return Math.min(1, sum / (to - from));
  }
}
