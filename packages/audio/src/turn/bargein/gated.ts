/**
 * Who speaks over us is heard through an echo canceller: it takes the first tenth of a second, and pieces later on, and a detector of
 * speech is never as sure of the rest as it is of a voice in a quiet room. It is as unsure of coughs, which have lost their breath,
 * so surer it may only be made of what has been a tone of the pitch of a voice from its beginning; all else has to last longer.
 */
import { ramp } from "./ramp.ts";

/** Our own voice was heard so long ago, for two thirds: the canceller is at work. */
const MEMORY_MS = 1500;
/** As much of a frame has to be theirs to be judged by this; below the half of it their sound has not begun. */
const THEIRS = 0.9;
/** Below this probability nothing is made surer: it is none. */
const LEAST_SPEECH = 0.3;
/** Log-odds, at most, by which a voice is likelier than the detector says. */
const SURER = 3;
/** From which mean periodicity on it is likelier, and from which on by all of that. */
const TONE = [0.75, 0.9] as const;
/** Weight of the newest frame in the mean, once there are as many. */
const NEWEST = 0.2;
/** What evidence of speech counts behind a canceller. */
const WEIGHT = 0.8;

/** What a canceller changes in what a detector says. */
export interface GatedEvidence {
  /** Log-odds to be added. */
  readonly surer: number;
  /** Weight of evidence of speech. */
  readonly weight: number;
}

const UNCHANGED: GatedEvidence = { surer: 0, weight: 1 };

/** One microphone. */
export class Gated {
  readonly #keep: number;
  #ours = 0;
  #tone = 0;
  #frames = 0;

  constructor(frameMs: number) {
    this.#keep = Math.exp(-frameMs / MEMORY_MS);
  }

  /** The next frame: how likely it is our own voice, how much of it is theirs, how probable speech is and how periodic, where that is known. */
  push(ours: number, theirs: number, speech: number, periodicity: number | undefined): GatedEvidence {
    this.#ours = Math.max(ours, this.#ours * this.#keep);
    if (theirs < THEIRS / 2) this.#frames = 0;
    else {
      this.#frames += 1;
      const share = Math.max(1 / this.#frames, NEWEST);
      this.#tone += ((periodicity ?? 0) - this.#tone) * share;
    }
    if (periodicity === undefined || theirs < THEIRS) return UNCHANGED;
    const surer = speech > LEAST_SPEECH ? SURER * this.#ours * ramp(this.#tone, TONE) : 0;
    return { surer, weight: 1 - (1 - WEIGHT) * this.#ours };
  }

  reset(): void {
    this.#ours = 0;
    this.#tone = 0;
    this.#frames = 0;
  }
}
