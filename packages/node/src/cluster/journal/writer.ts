/**
 * One session's journal as its host writes it. What is to be written waits in order: at most what the last turn has kept, then the
 * turn at hand; a turn that ends takes the place of what waits of it, so that what waits has a bound, however long the cluster takes
 * nothing. One write is under way at a time, and the next takes all that came meanwhile.
 */
import type { ActorError, Stamp } from "@parley/actors";
import { invariant } from "../../errors.ts";
import { JOURNALS_VERSION } from "../state/versions.ts";
import type { CommandOf } from "../state/schemas.ts";
import { anotherLife, cannotBeRead, closed, defect, isStale, tooLong } from "./failures.ts";
import { Filing, type FilingOptions } from "./filing.ts";
import { Flushes } from "./flushes.ts";
import type { FoundJournal, Journal, JournalOff, JournalPosition } from "./port.ts";
import { readJournal } from "./reading.ts";
import { checkRecord, encodeKept, type Accepted, type AnyRecord, type TurnRecord } from "./records.ts";
import { keyOf, nameOf, seal } from "./sealing.ts";
import { WrittenTurn } from "./turn.ts";

export interface WriterOptions extends FilingOptions {
  /** It writes nothing any more. */
  readonly ended: () => void;
}

/** What a turn has kept, on its way. */
interface Settling {
  readonly turn: WrittenTurn;
  /** Of the writer, when it came. */
  readonly given: number;
  /** Null: too large; what was kept before stays. */
  plain: Uint8Array | null;
  sealed: Uint8Array | undefined;
}

const OPEN_MS = 5_000;
const MIN_PAUSE_MS = 50;
const MAX_PAUSE_MS = 2_000;
const NOTHING: FoundJournal = { kept: undefined, turn: undefined, lost: { kept: undefined, turn: undefined } };

export class JournalWriter implements Journal {
  readonly session: string;
  readonly #options: WriterOptions;
  readonly #filing: Filing;
  readonly #flushes: Flushes;
  readonly #overtaken = new AbortController();
  /** Aborted once it writes nothing any more. */
  readonly #over = new AbortController();
  #turn: WrittenTurn | undefined;
  #settling: Settling | undefined;
  /** What ends the session, with the stamp of when it ended. */
  #ending: CommandOf<"journal-end"> | undefined;
  /** Counts what was given here to write. */
  #given = 0;
  #run: Promise<void> | undefined;
  #isBehind = false;
  #isKeptTooLarge = false;
  #off: JournalOff | undefined;

  constructor(options: WriterOptions) {
    this.#options = options;
    this.session = options.session;
    this.#filing = new Filing(options, this.#over.signal);
    this.#flushes = new Flushes(options.system.clock);
  }

  get overtaken(): AbortSignal {
    return this.#overtaken.signal;
  }

  /** Settles once it writes nothing any more. */
  get idle(): Promise<void> {
    return this.#run ?? Promise.resolve();
  }

  /** The session is over, and this is yet to be written. */
  get isEnding(): boolean {
    return this.#ending !== undefined;
  }

  get isWaiting(): boolean {
    return this.#settling !== undefined || this.#turn?.isWaiting === true || this.#ending !== undefined;
  }

  get position(): JournalPosition {
    const why = this.#whyOff();
    const turn = this.#turn;
    const shared = { turn: turn?.keys?.turn, records: turn?.records ?? 0, ...this.#filing.taken };
    if (why !== undefined) return { ...shared, state: "off", why };
    return this.#isBehind
      ? { ...shared, state: "behind", why: "no-quorum" }
      : { ...shared, state: "written", why: undefined };
  }

  async found(): Promise<FoundJournal> {
    invariant(this.#turn === undefined && this.#settling === undefined, "a journal is read before it is written");
    if (!this.#isInForce) return NOTHING;
    const { system, ring } = this.#options;
    const untilMs = system.clock.nowMs() + OPEN_MS;
    try {
      while (!(await this.#filing.open(this.#stamp))) {
        this.#throwIfOver();
        if (system.clock.nowMs() >= untilMs) throw cannotBeRead();
        await this.#pause(MIN_PAUSE_MS);
      }
      const { found, resumed } = await readJournal(ring, this.session, this.#filing.before);
      this.#throwIfOver();
      const turn = resumed === undefined ? undefined : new WrittenTurn(resumed);
      if (this.#given === 0) this.#turn = turn;
      else turn?.forget();
      return found;
    } catch (error) {
      if (isStale(error)) this.#overtake(error);
      throw error;
    }
  }

  begin(accepted: Omit<Accepted, "type">): void {
    if (this.#off !== undefined) return;
    const record = checkRecord({ type: "accepted", ...accepted });
    this.#turn?.forget();
    this.#turn = new WrittenTurn();
    if (accepted.privacy === "host") this.#turn.turnOff("private");
    this.#add(this.#turn, record);
  }

  append(record: TurnRecord): void {
    if (this.#off !== undefined || this.#turn === undefined) return;
    this.#add(this.#turn, checkRecord(record));
  }

  async flush(signal?: AbortSignal): Promise<void> {
    this.#throwIfOver();
    if (this.#turn?.off === "full") throw tooLong();
    if (this.#turn?.off === "failed") throw defect();
    if (!this.isWaiting) return;
    await this.#flushes.until(this.#given, signal);
  }

  settle(kept: unknown): void {
    if (this.#off !== undefined) return;
    const plain = encodeKept(kept);
    this.#isKeptTooLarge = plain === undefined;
    const turn = this.#turn;
    this.#turn = undefined;
    this.#settling?.turn.forget();
    const given = this.#given + 1;
    this.#settling = { turn: turn ?? new WrittenTurn(), given, plain: plain ?? null, sealed: undefined };
    this.#wake();
  }

  end(): void {
    if (this.#off !== undefined) return;
    const { session } = this;
    if (this.#given === 0 && !this.#options.shared.now.journals.has(session)) return this.close();
    try {
      // The stay of the session may be over before this is written.
      this.#ending = { type: "journal-end", stamp: this.#options.stamp(), session };
    } catch (error) {
      if (!isStale(error)) throw error;
      return this.#overtake(error);
    }
    this.#off = "ended";
    this.#forgetTurns();
    this.#wake();
  }

  close(): void {
    this.#off ??= "ended";
    this.#ending = undefined;
    this.#forgetTurns();
    this.#over.abort();
    this.#flushes.fail(closed());
    if (this.#run === undefined) this.#options.ended();
  }

  /** The stay of the session may be over before its end is written. */
  readonly #stamp = (): Stamp => this.#ending?.stamp ?? this.#options.stamp();

  get #isInForce(): boolean {
    return this.#options.shared.now.version >= JOURNALS_VERSION;
  }

  #whyOff(): JournalOff | undefined {
    if (this.#off !== undefined) return this.#off;
    if (!this.#isInForce) return "version";
    return this.#turn?.off ?? (this.#isKeptTooLarge ? "full" : undefined);
  }

  #add(turn: WrittenTurn, record: AnyRecord): void {
    turn.add(record);
    if (turn.off === "full") this.#flushes.fail(tooLong());
    this.#wake();
  }

  #wake(): void {
    this.#given += 1;
    this.#start();
  }

  #start(): void {
    this.#run ??= this.#writeAll().finally(() => {
      this.#run = undefined;
      // Given by somebody who had waited for the last write.
      if (this.isWaiting && !this.#over.signal.aborted) this.#start();
      else if (this.#off !== undefined) this.#options.ended();
    });
  }

  /** Until nothing waits. Never rejects. */
  async #writeAll(): Promise<void> {
    // What is given in the same breath is written together.
    await Promise.resolve();
    let pauseMs = MIN_PAUSE_MS;
    try {
      while (this.isWaiting && !this.#over.signal.aborted) {
        const reached = await this.#writeNext();
        this.#isBehind = reached === undefined;
        this.#flushes.reached(this.isWaiting ? (reached ?? 0) : this.#given);
        if (reached !== undefined) {
          pauseMs = MIN_PAUSE_MS;
          continue;
        }
        await this.#pause(pauseMs);
        pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs);
      }
    } catch (error) {
      if (this.#over.signal.aborted) return;
      if (isStale(error)) return this.#overtake(error);
      this.#options.system.log.error("a session's journal failed", { session: this.session, error });
      this.#off = "failed";
      this.#ending = undefined;
      this.#forgetTurns();
      this.#flushes.fail(error);
    }
  }

  /** The number of the last thing given here that is safe now, 0 where only a step was done; undefined when it is to be tried again. */
  async #writeNext(): Promise<number | undefined> {
    if (!this.#isInForce) {
      this.#turn?.turnOff("version");
      this.#settling?.turn.forget();
      [this.#settling, this.#ending] = [undefined, undefined];
      return this.#given;
    }
    if (!(await this.#filing.open(this.#stamp))) return undefined;
    if (this.#settling !== undefined) return this.#writeKept(this.#settling);
    if (this.#turn?.isWaiting === true) return this.#writeTurn(this.#turn);
    return this.#ending === undefined ? this.#given : this.#writeEnd(this.#ending);
  }

  async #writeTurn(turn: WrittenTurn): Promise<number | undefined> {
    const { session } = this;
    if (!(await this.#filing.entrust(turn))) return turn === this.#turn ? undefined : 0;
    const given = this.#given;
    const next = turn === this.#turn ? turn.next(session) : undefined;
    const { keys } = turn;
    // It has ended meanwhile.
    if (turn !== this.#turn || keys === undefined) return 0;
    if (next === undefined) return this.#isFull(turn, given);
    const { from, entries } = next;
    const written = { stamp: this.#options.stamp(), session, turn: keys.turn, from, records: entries };
    const submitted = await this.#filing.submit({ type: "journal-append", ...written, atMs: this.#filing.atMs });
    if (submitted.outcome === "done") {
      this.#filing.count(entries);
      turn.wrote(entries);
      return given;
    }
    if (submitted.outcome !== "refused") return undefined;
    if (submitted.reason === "full" || submitted.reason === "too-large") return this.#isFull(turn, given);
    if (submitted.reason === "overtaken") throw anotherLife(submitted.detail);
    if (submitted.reason !== "mismatch") return undefined;
    // An earlier life of this session had something under way still.
    const journal = this.#filing.now;
    const isOfTurn = journal?.turn === keys.turn && keyOf(journal.records?.[0]) === nameOf(keys.records);
    if (isOfTurn && journal.records !== undefined) turn.moveBehind(journal.records);
    else {
      turn.turnOff("failed");
      this.#flushes.fail(defect());
    }
    return 0;
  }

  async #writeKept(settling: Settling): Promise<number | undefined> {
    const { turn, given } = settling;
    const isEntrusted = settling.plain === null || (await this.#filing.entrust(turn));
    if (this.#settling !== settling) return 0;
    if (!isEntrusted) return undefined;
    const { session } = this;
    const keys = this.#filing.keysOf(turn);
    if (settling.plain !== null) {
      settling.sealed ??= seal(keys.kept, { session, turn: keys.turn, kind: "kept", number: 0 }, settling.plain);
    }
    const kept = settling.sealed ?? null;
    const written = { stamp: this.#options.stamp(), session, turn: keys.turn, kept };
    const submitted = await this.#filing.submit({ type: "journal-settle", ...written, atMs: this.#filing.atMs });
    const isFull = submitted.outcome === "refused" && submitted.reason === "full";
    if (isFull && kept !== null) {
      // Better that than a turn that is taken for one that goes on.
      [settling.plain, settling.sealed] = [null, undefined];
      this.#isKeptTooLarge = true;
      return 0;
    }
    if (submitted.outcome === "done") this.#filing.count(kept === null ? [] : [kept]);
    else if (submitted.outcome === "refused" && submitted.reason === "overtaken") throw anotherLife(submitted.detail);
    else if (!isFull && !(submitted.outcome === "refused" && submitted.reason === "mismatch")) return undefined;
    turn.forget();
    if (this.#settling === settling) this.#settling = undefined;
    return given;
  }

  async #writeEnd(ending: CommandOf<"journal-end">): Promise<number | undefined> {
    const submitted = await this.#filing.submit(ending);
    const isOver = submitted.outcome === "done" || (submitted.outcome === "refused" && submitted.reason === "mismatch");
    if (!isOver) return undefined;
    this.#ending = undefined;
    return this.#given;
  }

  #isFull(turn: WrittenTurn, given: number): number {
    turn.turnOff("full");
    this.#flushes.fail(tooLong());
    return given;
  }

  #forgetTurns(): void {
    this.#turn?.forget();
    this.#settling?.turn.forget();
    [this.#turn, this.#settling] = [undefined, undefined];
  }

  #overtake(error: ActorError): void {
    this.#off = "overtaken";
    this.#ending = undefined;
    this.#forgetTurns();
    this.#over.abort();
    this.#overtaken.abort(error);
    this.#flushes.fail(error);
    if (this.#run === undefined) this.#options.ended();
  }

  #throwIfOver(): void {
    this.#overtaken.signal.throwIfAborted();
    if (this.#over.signal.aborted || this.#off === "failed") throw closed();
  }

  /** Or until it is closed. */
  async #pause(delayMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const { signal } = this.#over;
    const over = (): void => resolve();
    const timer = this.#options.system.clock.after(delayMs, over);
    signal.addEventListener("abort", over, { once: true });
    if (!signal.aborted) await promise;
    timer.cancel();
    signal.removeEventListener("abort", over);
  }
}
