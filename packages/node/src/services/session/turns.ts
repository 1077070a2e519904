/** The turns of a session: which one is written down, and which were cut and may be gone on with. */
import { systemClock, type Clock, type Timer } from "@parley/actors";
import type { FoundJournal, Journal } from "../../cluster/journal/port.ts";
import { foundTurns } from "./found-turns.ts";
import { answers, isOfTool, TurnLog, type CutTurn, type TurnAbout, type TurnJournal } from "./turn-log.ts";
import { PeerError } from "../../errors.ts";

/** Options of {@link Turns}. */
export interface TurnsOptions {
  /** Where turns are written down; nowhere, when absent. */
  readonly journal?: Journal | undefined;
  /**
   * The house knows nothing of what is done here: it may have begun the same elsewhere, and a client that goes to another peer asks for
   * it once more.
   */
  readonly isApart?: boolean | undefined;
  /** Epoch: of the latest that is remembered. */
  readonly lastMs?: (() => number) | undefined;
  /** What the session knows between turns: JSON. */
  readonly kept: () => unknown;
  /** What may change in the middle of a turn: JSON as text. */
  readonly state: () => string | undefined;
  /** Nobody goes on with this one: it is over as far as it went. */
  readonly finish: (cut: CutTurn) => void;
  readonly clock?: Clock | undefined;
}

/** A turn that is over. */
export interface Ended {
  readonly id: string;
  readonly question: string;
  readonly atMs: number;
  /** It was not known here. */
  readonly isNew: boolean;
}

/** A client that is cut off has so long to come back and go on. */
const PATIENCE_MS = 120_000;
/** A client that comes back asks at once for all that it had under way. */
const RETURN_MS = 3_000;
/** Turns that are known after they have ended: a client may have missed the end, and ask once more. */
const MOST_PAST = 4;
const MOST_WAITING = 8;
/** Of a turn that another side may go on with: what must not run twice is not run. */
const UNWRITTEN: TurnJournal = {
  isBlind: true,
  begin: () => undefined,
  append: () => undefined,
  flush: () =>
    Promise.reject(
      new PeerError("no-quorum", "the other side of the house cannot be told", { nextStep: "Ask again." }),
    ),
};

export class Turns {
  readonly #options: TurnsOptions;
  readonly #clock: Clock;
  /** Under way. */
  readonly #live = new Set<TurnLog>();
  /** The one of them that is written down. */
  #written: TurnLog | undefined;
  /** Of the turn that the journal has begun and not settled; it may be one that waits. */
  #inJournal: string | undefined;
  readonly #waiting = new Map<string, { readonly turn: CutTurn; readonly timer: Timer }>();
  /** The latest is the last. */
  #past: readonly CutTurn[] = [];
  /** Begun on the other side of the house. */
  readonly #others = new Set<string>();
  #metAtMs: number;
  #isClosed = false;
  /** A turn was begun of which nobody knows anything any more: its client may come back and ask for it again. */
  #isOneLost = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
    this.#metAtMs = this.#clock.nowMs();
  }

  /** The one that waits to be gone on with; of several the latest. */
  get cut(): CutTurn | undefined {
    return [...this.#waiting.values()].at(-1)?.turn;
  }

  /** For whoever goes on elsewhere, beside what the journal has of the turn at hand: no tool of any of them runs twice. */
  get kept(): readonly CutTurn[] {
    const beside = [...this.#live].filter((log) => log !== this.#written && log.isAccepted);
    const all = [
      ...this.#past,
      ...beside.map(({ cut }) => cut),
      ...[...this.#waiting.values()].map(({ turn }) => turn),
    ];
    return all.filter(({ about }) => about.privacy !== "host");
  }

  /** Its client has come, or has come back. */
  met(): void {
    this.#metAtMs = this.#clock.nowMs();
  }

  /** A turn is under way. */
  get isBusy(): boolean {
    return [...this.#live].some(({ isAccepted }) => isAccepted);
  }

  /** What the session knows is written down as a whole, and not beside a turn. */
  get isSettled(): boolean {
    return this.#inJournal === undefined && this.#written === undefined;
  }

  /** All that is known here of turns, as far as they went: for another session on this host. */
  get all(): readonly CutTurn[] {
    const live = [...this.#live].filter(({ isAccepted }) => isAccepted).map(({ cut }) => cut);
    return [...this.#past, ...live, ...[...this.#waiting.values()].map(({ turn }) => turn)];
  }

  /** Those of the other side of the house, where they may be gone on with as well. */
  adopt(turns: readonly CutTurn[]): void {
    for (const { about } of turns) this.#others.add(about.workId);
    this.#begin(turns);
  }

  /** These have ended on the other side of the house: nobody waits for them here. What was cut there, and is not known here, waits here. */
  learn(ended: readonly Ended[], turns: readonly CutTurn[]): void {
    const ids = new Set(ended.map(({ id }) => id));
    for (const id of ids) this.#isKnownElsewhere(id);
    // A conversation that went on there with a turn that nobody there knew has given it another name.
    for (const { turn } of this.#waiting.values()) {
      const asked = turn.about.details.askedAtMs ?? 0;
      const later = ended.filter(({ isNew, atMs }) => isNew || atMs > asked);
      if (later.some((each) => isSameTurn(turn, { ...each, workId: each.id })))
        this.#isKnownElsewhere(turn.about.workId);
    }
    const known = new Set(this.#past.map(({ about }) => about.workId));
    const news = turns.filter(({ about, isOver }) => isOver !== undefined && !known.has(about.workId));
    this.#past = [...this.#past, ...news].slice(-MOST_PAST);
    for (const turn of turns.filter(({ isOver }) => isOver === undefined)) {
      const { workId } = turn.about;
      const named = { workId, question: turn.question };
      const isHere = this.all.some((each) => each.about.workId === workId || isSameTurn(each, named));
      if (!isHere && !ids.has(workId)) this.#wait(turn);
    }
  }

  /** It is over, and remembered by the other side of the house. */
  #isKnownElsewhere(workId: string): void {
    this.#stopWaiting(workId);
    if (this.#inJournal === workId && this.#written === undefined) this.#inJournal = undefined;
  }

  /** What the host before this one has left. @returns what had changed in its turn: JSON as text */
  restore({ turn, lost }: FoundJournal, kept: readonly CutTurn[] = []): string | undefined {
    const { turns, written, state } = foundTurns(turn, kept);
    this.#isOneLost = lost.turn !== undefined;
    this.#inJournal = written;
    this.#begin(turns);
    return state;
  }

  #begin(turns: readonly CutTurn[]): void {
    this.#past = turns.filter(({ isOver }) => isOver !== undefined).slice(-MOST_PAST);
    for (const turn of turns) if (turn.isOver === undefined) this.#wait(turn);
  }

  /** A new turn. */
  begin(about: TurnAbout): TurnLog {
    // What its client had under way and does not ask for it does not want.
    if (this.#clock.nowMs() - this.#metAtMs > RETURN_MS) {
      this.giveUp();
      this.#isOneLost = false;
    }
    const isBlind = this.#isOneLost;
    const log: TurnLog = new TurnLog({
      about: { ...about, details: { ...about.details, askedAtMs: this.#askedAtMs } },
      journal: isBlind ? blind(this.#journalOf(() => log)) : this.#journalOf(() => log),
      state: this.#options.state,
    });
    this.#live.add(log);
    return log;
  }

  /**
   * The turn of this piece of work that was cut, or has ended lately, or of a conversation that is made of many; undefined where
   * there is none.
   * @param question what is asked, where that is known
   */
  of(work: string, question?: string): CutTurn | undefined {
    const all = [...this.#past, ...[...this.#waiting.values()].map(({ turn }) => turn)];
    return all.findLast((cut) => isOf(work, cut) && answers(cut, question));
  }

  /**
   * Of a conversation's turns the one to go on with: what is cut comes before what has ended, whatever its client knows of it. One whose
   * sound its client is done with, and of which it wants no rest, is over as far as it went.
   * @param question what its client knows to be under way @param audioFromMs what was said before it needs no answer any more
   */
  ofTalk(talk: string, question: string | undefined, audioFromMs = 0): CutTurn | undefined {
    const all = [...this.#waiting.values()].map(({ turn }) => turn).filter((turn) => isOf(talk, turn));
    const isDone = ({ about }: CutTurn): boolean =>
      question === undefined && (about.details.throughMs ?? Infinity) <= audioFromMs;
    for (const turn of all.filter(isDone)) this.#finish(turn);
    const cut = all.filter((turn) => !isDone(turn));
    const found = cut.findLast((turn) => answers(turn, question)) ?? cut.at(-1) ?? this.of(talk, question);
    return found === undefined || isDone(found) ? undefined : found;
  }

  /** Goes on with a turn that was cut, or is over. @param has what its client has of the answer */
  goOn(cut: CutTurn, has: string): TurnLog {
    const { workId } = cut.about;
    this.#stopWaiting(workId);
    this.#past = this.#past.filter((each) => each !== cut);
    const isInJournal = this.#inJournal === workId && this.#written === undefined;
    const own: { log?: TurnLog } = {};
    const journal = this.#others.has(workId) ? UNWRITTEN : this.#journalOf(() => own.log);
    // Before it is known here, nothing of it goes anywhere: what differs is written with the rest.
    const log = TurnLog.goOn(cut, has, { journal, state: this.#options.state });
    own.log = log;
    this.#live.add(log);
    if (cut.isOver === true) return log;
    const isSame = cut.text.startsWith(has) || has.startsWith(cut.text);
    if (isInJournal) this.#written = log;
    if (this.#written === undefined || (isInJournal && !isSame)) this.#promote();
    return log;
  }

  /** {@link left}, all that are under way: whoever is at work on one of them has not stopped in time, and is not listened to any more. */
  leave(): void {
    for (const log of this.#live) this.left(log);
  }

  /** Its client is gone, and may come back. */
  left(log: TurnLog): void {
    if (!this.#live.delete(log)) return;
    if (this.#written === log) this.#written = undefined;
    if (!log.isAccepted || this.#isClosed) return;
    if (log.isOver) this.#remember(log);
    else this.#wait(log.cut);
    this.#promote();
  }

  /** It is over, and remembered. @param isWhole nothing is left to be said */
  ended(log: TurnLog, isWhole = true): void {
    if (!this.#live.delete(log)) return;
    if (log.isAccepted) this.#remember(log, isWhole);
    if (this.#written === log) {
      [this.#written, this.#inJournal] = [undefined, undefined];
      this.#settleNow();
      this.#promote();
    } else this.settle();
  }

  /** What the session knows has changed. */
  settle(): void {
    if (this.#isClosed) return;
    if (this.#inJournal === undefined && this.#written === undefined) return this.#settleNow();
    const state = this.#options.state();
    if (state !== undefined) this.#options.journal?.append({ type: "state", state });
  }

  /** {@link settle}; a turn that waits for its client makes room, and is kept beside the others. */
  settleBeside(): void {
    if (this.#written === undefined) this.#settleNow();
    else this.settle();
  }

  /** Nobody goes on with what was cut. */
  giveUp(): void {
    for (const { turn } of this.#waiting.values()) this.#finish(turn);
  }

  /** What was cut stays as it is: for whoever wakes the session. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#waiting.values()) timer.cancel();
    this.#waiting.clear();
  }

  /** Of a turn that begins now. */
  get #askedAtMs(): number {
    const known = [...this.all].map(({ about }) => about.details.askedAtMs ?? 0);
    return Math.max(Date.now(), 1 + Math.max(this.#options.lastMs?.() ?? 0, ...known));
  }

  /** Of one turn at a time all is written down; of those beside it what must not happen twice. */
  #journalOf(log: () => TurnLog | undefined): TurnJournal | undefined {
    const { journal, isApart } = this.#options;
    if (isApart === true) return { ...UNWRITTEN, flush: () => (isHere(log()) ? Promise.resolve() : UNWRITTEN.flush()) };
    if (journal === undefined) return undefined;
    return {
      begin: (accepted) => {
        const self = log();
        if (self === undefined || !this.#live.has(self) || accepted.privacy === "host") return;
        if (this.#written !== undefined && this.#written !== self) return;
        // A turn that waits makes room: it is kept beside the others.
        if (this.#inJournal !== undefined && this.#inJournal !== accepted.workId) this.#settleNow();
        [this.#written, this.#inJournal] = [self, accepted.workId];
        journal.begin(accepted);
      },
      append: (record) => {
        const self = log();
        if (self === undefined || self.about.privacy === "host") return;
        if (self === this.#written || isOfTool(record)) journal.append(record);
      },
      flush: (signal) => journal.flush(signal),
    };
  }

  /** What was beside another is written down in its place. */
  #promote(): void {
    if (this.#isClosed || this.#options.journal === undefined) return;
    const isWritten = this.#written !== undefined;
    const next = this.#written ?? [...this.#live].find((log) => log.isAccepted && !log.isOver && !isPrivate(log));
    if (next === undefined) return;
    if (isWritten) this.#inJournal = undefined;
    this.#written = undefined;
    next.rewrite();
  }

  #settleNow(): void {
    if (this.#isClosed) return;
    this.#inJournal = undefined;
    this.#options.journal?.settle(this.#options.kept());
  }

  #remember(log: TurnLog, isWhole = true): void {
    const { workId } = log.about;
    this.#past = [...this.#past.filter(({ about }) => about.workId !== workId), { ...log.cut, isOver: isWhole }];
    this.#past = this.#past.slice(-MOST_PAST);
  }

  #finish(turn: CutTurn): void {
    const { workId } = turn.about;
    this.#stopWaiting(workId);
    this.#options.finish(turn);
    // What it did is known for a while: its client may come all the same.
    this.#past = [...this.#past, { ...turn, isOver: false }].slice(-MOST_PAST);
    if (this.#inJournal === workId) this.#inJournal = undefined;
    this.settle();
  }

  #stopWaiting(workId: string): void {
    this.#waiting.get(workId)?.timer.cancel();
    this.#waiting.delete(workId);
  }

  #wait(turn: CutTurn): void {
    const { workId } = turn.about;
    this.#stopWaiting(workId);
    const [oldest] = this.#waiting.values();
    if (oldest !== undefined && this.#waiting.size >= MOST_WAITING) this.#finish(oldest.turn);
    const timer = this.#clock.after(PATIENCE_MS, () => this.#finish(turn));
    this.#waiting.set(workId, { turn, timer });
  }
}

/** It may be a turn that was begun before: what must not run twice is not run in it. */
function blind(journal: TurnJournal | undefined): TurnJournal | undefined {
  return journal === undefined ? undefined : { ...journal, isBlind: true, flush: () => UNWRITTEN.flush() };
}

/** Whether `other` is the same turn of a conversation, by another name. */
function isSameTurn(
  { about: { workId }, question }: CutTurn,
  other: { readonly workId: string; readonly question: string },
): boolean {
  const talk = talkOf(workId);
  return talk !== undefined && talk === talkOf(other.workId) && question !== "" && question === other.question;
}

/** The conversation that a turn of this name is part of; undefined: it is work by itself. */
export function talkOf(workId: string): string | undefined {
  const at = workId.lastIndexOf("#");
  return at < 0 ? undefined : workId.slice(0, at);
}

function isOf(work: string, { about: { workId } }: CutTurn): boolean {
  return workId === work || workId.startsWith(`${work}#`);
}

/** Nobody goes on with it at another peer. */
function isHere(log: TurnLog | undefined): boolean {
  return log !== undefined && isPrivate(log);
}

function isPrivate({ about }: TurnLog): boolean {
  return about.privacy === "host";
}
