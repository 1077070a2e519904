/**
 * Hands what was said to this side of a house that was apart to the sessions of the house, once it can agree again: each until that is
 * safe there. What is handed over twice is there once.
 */
import { systemClock, type Clock, type Timer } from "@parley/actors";
import type { Logger } from "pino";
import type { Branch, Merged } from "./branch.ts";

/** A session of one side. */
export interface ApartSession {
  readonly id: string;
  /** What was said in it, and is under way; undefined: nobody has come to it. */
  readonly branch: Branch | undefined;
  /** It goes on here for now: the house is to know of it all the same, as this host may die before that ends. */
  readonly isBusy: boolean;
  /** All of it is in the house's session; it ends, unless something was said meanwhile. */
  reunited(with_: Branch): void;
  leave(): void;
}

export interface ReunionOptions {
  /** Those that live here. */
  readonly living: () => Iterable<ApartSession>;
  /** To the house's session. @throws ActorError when there is no answer in time */
  readonly hand: (sessionId: string, branch: Branch) => Promise<Merged>;
  /** The house can agree now. */
  readonly isWhole: () => boolean;
  readonly log: Logger;
  /** Default: the machine's. */
  readonly clock?: Clock | undefined;
}

const LOOK_MS = 300;
/** Where the session goes on is known in a moment; this host may not live for long. */
const LEFT_MS = 100;
/** Sessions that ended here unsaid; of more, the oldest are lost. */
const MOST_LEFT = 512;
/** Handed over at once. */
const SIDE_BY_SIDE = 16;

export class Reunion {
  readonly #options: ReunionOptions;
  readonly #clock: Clock;
  /** By the names of their branches: one session may have ended here twice. */
  readonly #left = new Map<string, { readonly sessionId: string; readonly branch: Branch }>();
  /** The house's session of that id is somebody else's. */
  readonly #strangers = new WeakSet<ApartSession>();
  /** What the house knows of those that go on here: JSON. */
  readonly #known = new WeakMap<ApartSession, string>();
  #timer: Timer | undefined;
  #isRunning = false;
  #isClosed = false;

  constructor(options: ReunionOptions) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock();
  }

  /** Sessions whose end of the conversation no other peer may know. */
  get left(): number {
    return this.#left.size;
  }

  /** A session of the house has ended here, and the house may not know all that was said in it. */
  leave(sessionId: string, branch: Branch): void {
    this.#left.set(branch.branchId, { sessionId, branch });
    for (const oldest of this.#left.keys()) {
      if (this.#left.size <= MOST_LEFT) break;
      this.#left.delete(oldest);
    }
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#lookIn(LEFT_MS);
  }

  /** There may be something to hand over, now or later. */
  wake(): void {
    this.#lookIn(LOOK_MS);
  }

  #lookIn(delayMs: number): void {
    if (this.#isClosed || this.#isRunning) return;
    this.#timer ??= this.#clock.after(delayMs, () => {
      this.#timer = undefined;
      this.#isRunning = true;
      void this.#look().finally(() => {
        this.#isRunning = false;
        if (this.#left.size > 0 || this.#waiting().length > 0) this.wake();
      });
    });
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #waiting(): readonly ApartSession[] {
    return [...this.#options.living()].filter((session) => !this.#strangers.has(session));
  }

  /** Never rejects. */
  async #look(): Promise<void> {
    if (!this.#options.isWhole()) return;
    const works = [
      ...[...this.#left.values()].map(
        ({ sessionId, branch }) =>
          () =>
            this.#handLeft(sessionId, branch),
      ),
      ...this.#waiting().map((session) => () => this.#handLiving(session)),
    ];
    for (let n = 0; n < works.length && this.#options.isWhole(); n += SIDE_BY_SIDE) {
      await Promise.all(works.slice(n, n + SIDE_BY_SIDE).map((work) => work()));
    }
  }

  async #handLeft(id: string, branch: Branch): Promise<void> {
    const merged = await this.#hand(id, branch);
    if (merged !== undefined && merged !== "later") this.#left.delete(branch.branchId);
  }

  async #handLiving(session: ApartSession): Promise<void> {
    const { branch, isBusy } = session;
    if (branch === undefined) return isBusy ? undefined : session.leave();
    const text = JSON.stringify(branch);
    if (isBusy && this.#known.get(session) === text) return;
    const merged = await this.#hand(session.id, branch);
    if (merged === "refused") this.#strangers.add(session);
    if (merged !== "merged") return;
    this.#known.set(session, text);
    if (!isBusy) session.reunited(branch);
  }

  /** Never rejects. */
  async #hand(sessionId: string, branch: Branch): Promise<Merged["type"] | undefined> {
    try {
      return (await this.#options.hand(sessionId, branch)).type;
    } catch (error) {
      this.#options.log.info({ err: error, sessionId }, "what was said to this side is not handed over yet");
      return undefined;
    }
  }
}
