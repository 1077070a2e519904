/** The turns of a session: which one is written down, and which one was cut and may be gone on with. */
import { systemClock, type Clock, type Timer } from "@parley/actors";
import type { FoundJournal, Journal } from "../../cluster/journal/port.ts";
import { cutTurnOf, TurnLog, type CutTurn, type TurnAbout } from "./turn-log.ts";

/** Options of {@link Turns}. */
export interface TurnsOptions {
  /** Where turns are written down; nowhere, when absent. */
  readonly journal?: Journal | undefined;
  /** What the session knows between turns: JSON. */
  readonly kept: () => unknown;
  /** What may change in the middle of a turn: JSON as text. */
  readonly state: () => string | undefined;
  /** Nobody goes on with this one: it is over as far as it went. */
  readonly finish: (cut: CutTurn) => void;
  readonly clock?: Clock | undefined;
}

/** A client that is cut off has so long to come back and go on. */
const PATIENCE_MS = 120_000;

export class Turns {
  readonly #options: TurnsOptions;
  readonly #clock: Clock;
  /** The one that is written down. */
  #open: TurnLog | undefined;
  #cut: { readonly turn: CutTurn; readonly timer: Timer } | undefined;
  #isClosed = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
  }

  /** The one that waits to be gone on with. */
  get cut(): CutTurn | undefined {
    return this.#cut?.turn;
  }

  /** What the host before this one has left. @returns what had changed in its turn: JSON as text */
  restore({ turn }: FoundJournal): string | undefined {
    if (turn === undefined) return undefined;
    const { cut, state } = cutTurnOf(turn);
    this.#wait(cut);
    return state;
  }

  /** A new turn. One at a time is written down: what runs beside it is not. */
  begin(about: TurnAbout): TurnLog {
    this.giveUp();
    if (this.#open !== undefined) return new TurnLog({ about });
    const { journal, state } = this.#options;
    return (this.#open = new TurnLog({ about, journal, state }));
  }

  /** The turn of this piece of work that was cut, or of a conversation that is made of many; undefined where there is none. */
  of(work: string): CutTurn | undefined {
    const { cut } = this;
    return cut !== undefined && (cut.about.workId === work || cut.about.workId.startsWith(`${work}#`))
      ? cut
      : undefined;
  }

  /** Goes on with the turn that was cut. @param has what its client has of the answer */
  goOn(cut: CutTurn, has: string): TurnLog {
    this.#cut?.timer.cancel();
    this.#cut = undefined;
    const { journal, state } = this.#options;
    return (this.#open = TurnLog.goOn(cut, has, { journal, state }));
  }

  /** Its client is gone, and may come back. */
  left(log: TurnLog): void {
    const isWritten = this.#release(log);
    if (!log.isAccepted || this.#isClosed) return;
    if (isWritten) this.#wait(log.cut);
    else this.#options.finish(log.cut);
  }

  /** It is over, and remembered. */
  ended(log: TurnLog): void {
    if (this.#release(log)) this.settle();
  }

  /** What the session knows has changed between turns. */
  settle(): void {
    if (this.#open === undefined && this.#cut === undefined && !this.#isClosed)
      this.#options.journal?.settle(this.#options.kept());
  }

  /** Nobody goes on with what was cut. */
  giveUp(): void {
    const cut = this.#cut;
    if (cut === undefined) return;
    cut.timer.cancel();
    this.#cut = undefined;
    this.#options.finish(cut.turn);
    this.settle();
  }

  /** What was cut stays as it is: for whoever wakes the session. */
  close(): void {
    this.#isClosed = true;
    this.#cut?.timer.cancel();
    this.#cut = undefined;
  }

  #release(log: TurnLog): boolean {
    if (this.#open !== log) return false;
    this.#open = undefined;
    return true;
  }

  #wait(turn: CutTurn): void {
    this.#cut = { turn, timer: this.#clock.after(PATIENCE_MS, () => this.giveUp()) };
  }
}
