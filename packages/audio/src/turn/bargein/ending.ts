/**
 * Whether what may be speech goes on. A cough is over as soon as its breath is: its last frames fall by many decibels, while a detector
 * of speech, which looks back, is as sure as it will be. Who speaks goes on; where a consonant closes the mouth, a frame or two later.
 */

/** So fast the level is forgotten from which it fell, dB a second. */
const FORGET_DB_PER_S = 80;
/** So far below it falls. */
const FALLING_DB = 5;
/** And so far below it is over. */
const OVER_DB = 30;
/** What rises by so much from one frame to the next does not fall, however far below it still is: a consonant is over. */
const RISING_DB = 3;
/** What counts as its level: frames that may be speech. What bangs is no measure for who speaks after it. */
const MAYBE_SPEECH = 0.5;

/** One sound after another. */
export class Ending {
  readonly #forgetDb: number;
  #fromDbfs = -Infinity;
  #belowDb = 0;
  #levelDbfs = -Infinity;
  #isRising = false;

  constructor(frameMs: number) {
    this.#forgetDb = (FORGET_DB_PER_S * frameMs) / 1000;
  }

  /** It is falling: a stop can wait for the next frame. */
  get isFalling(): boolean {
    return this.#belowDb > FALLING_DB && !this.#isRising;
  }

  /** It has broken off. */
  get isOver(): boolean {
    return this.#belowDb > OVER_DB;
  }

  /** The next frame. A level that is no number is passed over. */
  push(levelDbfs: number, speech: number): void {
    if (Number.isNaN(levelDbfs)) return;
    const level = Math.min(0, levelDbfs);
    this.#isRising = level >= this.#levelDbfs + RISING_DB;
    this.#levelDbfs = level;
    this.#fromDbfs = Math.max(speech > MAYBE_SPEECH ? level : -Infinity, this.#fromDbfs - this.#forgetDb);
    // Before anything may have been speech, nothing falls: minus infinity below whatever there is.
    this.#belowDb = Number.isFinite(this.#fromDbfs) ? this.#fromDbfs - level : 0;
  }

  reset(): void {
    this.#fromDbfs = -Infinity;
    this.#belowDb = 0;
    this.#levelDbfs = -Infinity;
    this.#isRising = false;
  }
}
