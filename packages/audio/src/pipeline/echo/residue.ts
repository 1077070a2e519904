/**
 * Whether what a canceller left can be what it always leaves of our own voice. How much of the microphone was ours says little about
 * that: somebody as loud as we are is half of it, and nearly all of what is left.
 *
 * Followed is the share of the microphone's power that is left while only we speak, and the room behind it. What is left beyond both
 * is somebody else's. Who speaks over us moves the share up, but so slowly that they are heard for seconds, and it comes down again
 * by itself.
 */

/** Averages over so long: the microphone over a syllable, for reflections come behind; what is left over a moment. */
const HEARD_MS = 80;
const LEFT_MS = 20;
/** One frame of the canceller. */
const FRAME_MS = 10;
/** The share rises by so much, and falls by two thirds of the way in so long. */
const RISE_DB_PER_S = 8;
const FALL_MS = 1000;
/** Where nothing of what we play is heard (any more), it falls in so long: nobody but others moves it up. */
const UNHEARD_FALL_MS = 10_000;
/** Less than this no canceller leaves for long. */
const LEAST_DB = -32;
/** So much more than its usual share is still ours; from there on ever less, over so much more. */
const MARGIN_DB = 10;
const WIDTH_DB = 6;
/** At first, for so long, it is what was most, of which so much is forgotten. */
const FORGET_DB_PER_S = 30;
const LEARNING_MS = 1500;
/** The room: what was least, forgotten so slowly, and how far it reaches above its least. */
const ROOM_RISE_DB_PER_S = 1;
const ROOM_FALL = 0.3;
const ROOM_MARGIN_DB = 6;
const LOUDEST_ROOM_DB = -30;
/** Only what is so far above the room, and above what is heard at all, tells how much is left of it. */
const ABOVE_ROOM_DB = 15;
const AUDIBLE_DB = -60;

const HEARD_KEPT = Math.exp(-FRAME_MS / HEARD_MS);
const LEFT_KEPT = Math.exp(-FRAME_MS / LEFT_MS);

/** One canceller's. */
export class Residue {
  #heard = 0;
  #left = 0;
  #roomDb = LOUDEST_ROOM_DB;
  #shareDb = 0;
  #learningMs = LEARNING_MS;

  /** The canceller learns anew: nothing is known of what it leaves. */
  forget(): void {
    this.#learningMs = LEARNING_MS;
    this.#shareDb = 0;
  }

  /**
   * The next frame of 10 ms: power of the microphone, and of what is left of it. `isPlaying`: something of ours can be in it;
   * `hasEcho`: something of ours has been found in it before. How likely what is left is ours, 0 to 1: all of it until it is known
   * how much a canceller leaves; undefined as long as nothing of ours was found, so that there is nothing to learn from.
   */
  push(heard: number, left: number, isPlaying: boolean, hasEcho: boolean): number | undefined {
    this.#heard = HEARD_KEPT * this.#heard + (1 - HEARD_KEPT) * heard;
    this.#left = LEFT_KEPT * this.#left + (1 - LEFT_KEPT) * left;
    const [heardDb, leftDb] = [decibels(this.#heard), decibels(this.#left)];
    this.#followRoom(leftDb);
    if (!isPlaying) return 0;
    if (!hasEcho) return undefined;
    const room = fromDecibels(this.#roomDb + ROOM_MARGIN_DB);
    if (heardDb > Math.max(AUDIBLE_DB, this.#roomDb + ABOVE_ROOM_DB)) {
      this.#followShare(Math.max(LEAST_DB, decibels(Math.max(0, this.#left - room)) - heardDb), FALL_MS);
    } else this.#followShare(LEAST_DB, UNHEARD_FALL_MS);
    if (this.#learningMs > 0) {
      this.#learningMs -= FRAME_MS;
      return 1;
    }
    const oursDb = decibels(fromDecibels(heardDb + this.#shareDb + MARGIN_DB) + room);
    return Math.min(1, Math.max(0, 1 - (leftDb - oursDb) / WIDTH_DB));
  }

  #followRoom(leftDb: number): void {
    const room = this.#roomDb;
    if (leftDb < room) this.#roomDb = room + (leftDb - room) * ROOM_FALL;
    else this.#roomDb = Math.min(LOUDEST_ROOM_DB, room + (ROOM_RISE_DB_PER_S * FRAME_MS) / 1000);
  }

  #followShare(shareDb: number, fallMs: number): void {
    const known = this.#shareDb;
    if (this.#learningMs > 0) {
      this.#shareDb = Math.max(shareDb, known - (FORGET_DB_PER_S * FRAME_MS) / 1000);
    } else if (shareDb > known) {
      this.#shareDb = Math.min(shareDb, known + (RISE_DB_PER_S * FRAME_MS) / 1000);
    } else {
      this.#shareDb = known + ((shareDb - known) * FRAME_MS) / fallMs;
    }
  }
}

function decibels(power: number): number {
  return 10 * Math.log10(Math.max(power, 1e-12));
}

function fromDecibels(db: number): number {
  return 10 ** (db / 10);
}
