/**
 * Whether a sound has a voice in it where it is loudest. Vowels do. A cough is loudest in its first stroke of breath, and what
 * tone it has comes behind that; a hiss at the beginning of a word is far below its vowel.
 */
import { ramp } from "./ramp.ts";

/** In so long what was heard before is forgotten by two thirds. */
const MEMORY_MS = 300;
/** Below this much above the floor it is the room. */
const LEAST_DB = 5;
/** Periodicity from which on there is some voice, and from which on nothing else. */
const VOICED = [0.45, 0.8] as const;
/** Share of voice in the loudest parts below which it is none, and above which it is one. */
const CLEAR = [0.25, 0.6] as const;
/** What evidence of speech counts without a voice: whispers are heard late, but heard. */
const UNCLEAR_WEIGHT = 0.2;
/** And where nobody can tell whether there is one. */
const UNKNOWN_WEIGHT = 0.9;

/** One sound after another. */
export class Clarity {
  readonly #keep: number;
  #loud = 0;
  #voiced = 0;

  constructor(frameMs: number) {
    this.#keep = Math.exp(-frameMs / MEMORY_MS);
  }

  /** The next frame, and how periodic it is, where that is known: the weight of evidence that it is speech. */
  push(levelDbfs: number, aboveFloorDb: number, periodicity: number | undefined): number {
    this.#loud *= this.#keep;
    this.#voiced *= this.#keep;
    if (periodicity === undefined) return UNKNOWN_WEIGHT;
    if (aboveFloorDb > LEAST_DB && levelDbfs > -90) {
      // The third power of the power: what is 3 dB quieter counts for an eighth.
      const loud = 10 ** ((3 * Math.min(0, levelDbfs)) / 10);
      this.#loud += loud;
      this.#voiced += loud * ramp(periodicity, VOICED);
    }
    const share = this.#loud > 0 ? this.#voiced / this.#loud : 0;
    return UNCLEAR_WEIGHT + (1 - UNCLEAR_WEIGHT) * ramp(share, CLEAR);
  }

  reset(): void {
    this.#loud = 0;
    this.#voiced = 0;
  }
}
