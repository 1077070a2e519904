/** The level of a room in which nobody speaks, followed while it changes. */

/** What a microphone can give at all, dBFS. */
const DEEPEST_DBFS = -90;
const LOUDEST_DBFS = 0;
/** A beginning in the middle of a sound is not taken for the room. */
const LOUDEST_START_DBFS = -30;
/** A quieter room is believed at once, nearly: sound only adds to it. */
const FALL = 0.3;

/** The floor of one microphone. */
export class NoiseFloor {
  readonly #rise: number;
  #dbfs: number | undefined;

  /** @param riseMs in so long it follows a louder room by two thirds */
  constructor(frameMs: number, riseMs: number) {
    this.#rise = 1 - Math.exp(-frameMs / riseMs);
  }

  /** How far a level is above the floor, dB; never negative. */
  above(levelDbfs: number): number {
    return this.#dbfs === undefined ? 0 : Math.max(0, levelDbfs - this.#dbfs);
  }

  /** The next frame; it may raise the floor only when it is the room's own sound. */
  push(levelDbfs: number, isRoom: boolean): void {
    if (Number.isNaN(levelDbfs)) return;
    const level = within(levelDbfs);
    this.#dbfs ??= Math.min(level, LOUDEST_START_DBFS);
    if (level < this.#dbfs) this.#dbfs += (level - this.#dbfs) * FALL;
    else if (isRoom) this.#dbfs += (level - this.#dbfs) * this.#rise;
  }

  /** What lasts is the room. */
  settle(levelDbfs: number): void {
    if (!Number.isNaN(levelDbfs)) this.#dbfs = within(levelDbfs);
  }
}

function within(levelDbfs: number): number {
  return Math.min(LOUDEST_DBFS, Math.max(DEEPEST_DBFS, levelDbfs));
}
