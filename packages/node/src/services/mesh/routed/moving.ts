/**
 * One piece of work that goes from engine to engine until it is done. Who dies or refuses is replaced at once; beside who stands still,
 * or takes far longer than was to be expected, another one begins, and the first that goes on has it from then on. So what is given
 * out comes from one engine at a time, and nothing of it twice.
 */
import { isActorError, type Clock, type Timer } from "@parley/actors";
import { AudioError, isAudioError } from "@parley/audio";
import { abortError } from "@parley/audio/format";
import { isPeerError } from "../../../errors.ts";

/** An engine that may do it. */
export interface Doer {
  /** Its peer. */
  readonly peer: string;
  /** For people. */
  readonly name: string;
}

/** A sign of life that gives nothing out. */
export const ALIVE: unique symbol = Symbol("alive");
export type Sign<Item> = Item | typeof ALIVE;

/** How it ended with one doer. `overtaken`: another one went on, for no fault of this. */
export type Ending = "done" | "failed" | "stalled" | "overtaken" | "left";

/** The work, as those who move it see it. */
export interface Work<Item> {
  /** Who begins next; undefined: nobody is left. */
  choose(exclude: readonly string[]): Doer | undefined;
  /** Begins where what was given out has ended. Aborting ends it. */
  begin(doer: Doer, signal: AbortSignal): AsyncIterable<Sign<Item>>;
  /** How long it may give no sign of life, having given one or not; Infinity: it gives none. As when absent. */
  silenceMs?(doer: Doer, hasBegun: boolean): number;
  /** It has given a sign of life, after having been listened to for so long since the one before. */
  heard?(doer: Doer, silentMs: number): void;
  /** When its next item is overdue, having begun or given the last one at `sinceMs`; undefined: nobody can tell. */
  dueMs?(doer: Doer, sinceMs: number): number | undefined;
  /** It is given out. */
  took?(item: Item): void;
  /** Nothing comes behind it. */
  isLast?(item: Item): boolean;
  ended?(doer: Doer, how: Ending, error?: unknown): void;
  /** Whether who failed so is not asked again; true when absent. False: that was no failure of its own. */
  excludes?(error: unknown): boolean;
  /** Why {@link choose} gave nobody, where that is known. */
  readonly why?: AudioError | undefined;
  /** Calls `changed` when {@link dueMs} may have. */
  watch?(changed: () => void): void;
}

export interface MovingOptions {
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  /** For errors: "recognising". */
  readonly doing: string;
}

/** Each engine may fail; somewhere it ends. Counted anew with each item. */
const MOST_STARTS = 8;
/** Two at once: one that stands still, and one in its place. */
const MOST_AT_ONCE = 2;
/** A timer that is later than that says that this peer itself stood still: what has come meanwhile is looked at first. */
const LATE_MS = 40;
/** How often somebody is looked for who could do it in the place of one that stands still. */
const LOOK_AGAIN_MS = 250;

type News<Item> =
  | { readonly type: "alive" }
  | { readonly type: "item"; readonly value: Item }
  | { readonly type: "end" }
  | { readonly type: "error"; readonly error: unknown };

function newsOf<Item>(sign: Sign<Item>): News<Item> {
  return sign === ALIVE ? { type: "alive" } : { type: "item", value: sign };
}

class Leg<Item> {
  readonly doer: Doer;
  readonly #iterator: AsyncIterator<Sign<Item>>;
  readonly #abort: AbortController;
  #next: Promise<readonly [Leg<Item>, News<Item>]> | undefined;
  /** Of the last sign of life, and of the last item. */
  heardMs: number;
  itemMs: number;
  /** It has given a sign of life. */
  hasBegun = false;
  /** Another one was to begin in its place. */
  isOverdue = false;

  constructor(doer: Doer, items: AsyncIterable<Sign<Item>>, abort: AbortController, nowMs: number) {
    this.doer = doer;
    this.#iterator = items[Symbol.asyncIterator]();
    this.#abort = abort;
    this.heardMs = nowMs;
    this.itemMs = nowMs;
  }

  next(): Promise<readonly [Leg<Item>, News<Item>]> {
    return (this.#next ??= this.#iterator.next().then(
      (result) => [this, result.done === true ? { type: "end" } : newsOf(result.value)] as const,
      (error: unknown) => [this, { type: "error", error }] as const,
    ));
  }

  taken(): void {
    this.#next = undefined;
  }

  leave(): void {
    this.#abort.abort();
    // What it still gives is dropped; what it fails with now is nobody's concern.
    void this.#iterator.return?.().catch(() => undefined);
  }
}

/**
 * Does `work`, and gives out what comes of it.
 * @throws AudioError, PeerError of the last engine that failed; at once what another engine would not mend; `job-cancelled`,
 * `job-timed-out` of `signal`; `engine-busy` when there is nobody
 */
export async function* moving<Item>(work: Work<Item>, options: MovingOptions): AsyncGenerator<Item, void, undefined> {
  const course = new Course(work, options);
  try {
    course.start();
    for (;;) {
      const item = await course.next();
      if (item === undefined) return;
      work.took?.(item.value);
      yield item.value;
      if (work.isLast?.(item.value) === true) return course.finish();
    }
  } finally {
    course.close();
  }
}

class Course<Item> {
  readonly #work: Work<Item>;
  readonly #options: MovingOptions;
  readonly #failed = new Set<string>();
  readonly #onAbort = (): void => this.#bell.resolve(undefined);
  #legs: Leg<Item>[] = [];
  #starts = 0;
  #error: unknown;
  #timer: Timer | undefined;
  #bell = Promise.withResolvers<undefined>();
  /** Since when somebody has waited for what comes next. */
  #waitingMs = 0;

  constructor(work: Work<Item>, options: MovingOptions) {
    this.#work = work;
    this.#options = options;
    options.signal?.addEventListener("abort", this.#onAbort, { once: true });
    work.watch?.(() => this.#ring());
  }

  /** @throws what the last one failed with, or AudioError `engine-busy` */
  start(): void {
    if (this.#begin([])) return;
    throw this.#error ?? this.#work.why ?? nobody(this.#options.doing);
  }

  /** What is given out next; undefined: all was. */
  async next(): Promise<{ readonly value: Item } | undefined> {
    this.#waitingMs = this.#options.clock.nowMs();
    for (;;) {
      this.#refuseAborted();
      this.#arm();
      const news = await Promise.race([...this.#legs.map((leg) => leg.next()), this.#bell.promise]);
      // Each time: a promise keeps all who ever waited for it.
      this.#bell = Promise.withResolvers();
      this.#refuseAborted();
      if (news === undefined) continue;
      const [leg, what] = news;
      leg.taken();
      const given = this.#take(leg, what);
      if (given !== undefined) return given === "all" ? undefined : given;
    }
  }

  /** The last item was given out. */
  finish(): void {
    for (const leg of this.#legs.splice(0)) this.#end(leg, "done");
  }

  close(): void {
    this.#options.signal?.removeEventListener("abort", this.#onAbort);
    this.#timer?.cancel();
    for (const leg of this.#legs.splice(0)) this.#end(leg, leg.isOverdue ? "stalled" : "left");
  }

  #take(leg: Leg<Item>, what: News<Item>): { readonly value: Item } | "all" | undefined {
    const nowMs = this.#options.clock.nowMs();
    if (what.type === "error") {
      this.#lose(leg, what.error);
      return undefined;
    }
    // What came while nobody listened was no silence.
    if (leg.hasBegun) this.#work.heard?.(leg.doer, nowMs - Math.max(leg.heardMs, this.#waitingMs));
    leg.hasBegun = true;
    leg.heardMs = nowMs;
    if (what.type === "alive") {
      // Nobody began in its place meanwhile.
      if (this.#legs.length === 1) leg.isOverdue = false;
      return undefined;
    }
    leg.itemMs = nowMs;
    leg.isOverdue = false;
    // It goes on: what failed before may be well again by the time that it is needed. Live streams last for days.
    this.#failed.clear();
    this.#starts = 1;
    // It has it now; the other is too late.
    for (const other of this.#legs) if (other !== leg) this.#end(other, other.isOverdue ? "stalled" : "overtaken");
    this.#legs = [leg];
    if (what.type === "item") return { value: what.value };
    this.#legs = [];
    this.#work.ended?.(leg.doer, "done");
    return "all";
  }

  /** @throws the error when nobody else is left, or nobody else would do better */
  #lose(leg: Leg<Item>, error: unknown): void {
    this.#legs = this.#legs.filter((each) => each !== leg);
    if (!isMendedElsewhere(error)) {
      this.#end(leg, "left");
      throw error;
    }
    const isFailure = this.#work.excludes?.(error) !== false;
    if (isFailure) this.#failed.add(leg.doer.peer);
    this.#error = isActorError(error) ? lost(leg.doer, this.#options.doing, error) : error;
    this.#end(leg, "failed", error);
    if (this.#legs.length > 0 || this.#begin([])) return;
    // Who was only sent away is told when to come again.
    throw (isFailure ? undefined : this.#work.why) ?? this.#error;
  }

  /** One more begins, unless nobody is left. */
  #begin(beside: readonly string[]): boolean {
    if (this.#starts >= MOST_STARTS) return false;
    const doer = this.#work.choose([...this.#failed, ...beside]);
    if (doer === undefined) return false;
    this.#starts += 1;
    const abort = new AbortController();
    const { signal, clock } = this.#options;
    const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
    this.#legs.push(new Leg(doer, this.#work.begin(doer, either), abort, clock.nowMs()));
    return true;
  }

  /** Looks at the youngest when it is to be looked at. */
  #arm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const leg = this.#legs.at(-1);
    if (leg === undefined) return;
    const { clock } = this.#options;
    // Somebody may come back who can.
    const dueMs = leg.isOverdue ? clock.nowMs() + LOOK_AGAIN_MS : this.#dueMs(leg);
    if (!Number.isFinite(dueMs)) return;
    const waitMs = Math.max(0, dueMs - clock.nowMs());
    this.#timer = clock.after(waitMs, () => {
      const lateMs = clock.nowMs() - dueMs;
      if (lateMs <= LATE_MS || waitMs === 0) return this.#overdue(leg);
      this.#timer = clock.after(LATE_MS, () => this.#overdue(leg));
    });
  }

  #dueMs(leg: Leg<Item>): number {
    const silentMs = leg.heardMs + (this.#work.silenceMs?.(leg.doer, leg.hasBegun) ?? Infinity);
    return Math.min(silentMs, this.#work.dueMs?.(leg.doer, leg.itemMs) ?? Infinity);
  }

  #overdue(leg: Leg<Item>): void {
    if (!this.#legs.includes(leg) || this.#dueMs(leg) > this.#options.clock.nowMs()) return this.#ring();
    leg.isOverdue = true;
    const beside = this.#legs.map(({ doer }) => doer.peer);
    if (this.#begin(beside) && this.#legs.length > MOST_AT_ONCE) {
      const oldest = this.#legs.shift();
      if (oldest !== undefined) this.#end(oldest, "stalled");
    }
    this.#ring();
  }

  #end(leg: Leg<Item>, how: Ending, error?: unknown): void {
    leg.leave();
    if (how === "stalled") this.#failed.add(leg.doer.peer);
    this.#work.ended?.(leg.doer, how, error);
  }

  #ring(): void {
    this.#bell.resolve(undefined);
  }

  #refuseAborted(): void {
    const { signal, doing } = this.#options;
    if (signal?.aborted === true) throw abortError(signal, doing);
  }
}

/** Whether another engine may do what this one did not. */
function isMendedElsewhere(error: unknown): boolean {
  if (isActorError(error)) return true;
  if (isPeerError(error)) return error.code === "provider-failed";
  return (
    isAudioError(error) &&
    !isAudioError(error, "job-cancelled", "job-timed-out", "input-refused", "audio-too-long", "audio-empty")
  );
}

function lost({ name }: Doer, doing: string, cause: unknown): AudioError {
  return new AudioError("engine-crashed", `${name} was lost while ${doing}`, {
    nextStep: "Try again; parley peers shows who is there.",
    cause,
  });
}

function nobody(doing: string): AudioError {
  return new AudioError("engine-busy", `nobody is there for ${doing}`, {
    nextStep: "Try again in a moment; parley peers shows who is there.",
  });
}
