/**
 * Who runs next. Everything that can run waits in one queue, in the order it became able to; each runs a few messages and
 * goes to the back. Work is done in micro-tasks, and after a slice of time input and output get their turn first.
 */
import type { Clock } from "./ports.ts";
import { Ring } from "./ring.ts";

/** Something with work to do. */
export interface Runnable {
  /** Works on at most `limit` messages and says on how many. Never throws; schedules itself anew when more waits. */
  run(limit: number): number;
}

/** Messages of one actor before the next one has its turn. */
const BATCH = 128;
/** How long micro-tasks may keep sockets and timers waiting. */
const SLICE_MS = 4;
/** The clock is looked at after so many messages. */
const LOOK_EVERY = 64;
/** A turn ends after so many messages, also where no time passes: in a simulation. */
const MAX_TURN = 65_536;

export class Dispatcher {
  readonly #clock: Clock;
  readonly #queue = new Ring<Runnable>();
  #isArmed = false;
  /** Between a turn's first message and the moment input and output have had theirs. */
  #isInTurn = false;
  #isExhausted = false;
  #endsMs = 0;
  #ran = 0;
  #unlooked = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  schedule(runnable: Runnable): void {
    this.#queue.push(runnable);
    if (this.#isArmed) return;
    this.#isArmed = true;
    if (!this.#isExhausted) this.#clock.soon(this.#drain);
  }

  /** Armed for as long as it runs: what is scheduled meanwhile is taken in the same loop. */
  readonly #drain = (): void => {
    this.#beginTurn();
    const queue = this.#queue;
    try {
      while (queue.length > 0 && !this.#isExhausted) {
        this.#unlooked += Math.max(1, queue.shift().run(BATCH));
        if (this.#unlooked >= LOOK_EVERY) this.#look();
      }
    } finally {
      this.#isArmed = queue.length > 0;
      // Something has thrown, against its word. That is for the process to hear; all others go on.
      if (this.#isArmed && !this.#isExhausted) this.#clock.soon(this.#drain);
    }
  };

  /** Counts what ran also over many drains: whoever asks and is answered in micro-tasks alone must give way too. */
  #look(): void {
    this.#ran += this.#unlooked;
    this.#unlooked = 0;
    this.#isExhausted = this.#ran >= MAX_TURN || this.#clock.nowMs() >= this.#endsMs;
  }

  #beginTurn(): void {
    if (this.#isInTurn) return;
    this.#isInTurn = true;
    this.#endsMs = this.#clock.nowMs() + SLICE_MS;
    this.#ran = 0;
    this.#unlooked = 0;
    this.#clock.later(this.#endTurn);
  }

  readonly #endTurn = (): void => {
    this.#isInTurn = false;
    if (!this.#isExhausted) return;
    this.#isExhausted = false;
    if (this.#isArmed) this.#drain();
  };
}
