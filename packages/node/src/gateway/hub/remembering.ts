/**
 * Has the ids of this peer's clients written down, one after the other, behind their backs: nobody's login waits for the house to agree.
 * An account gets so many at once, and then one a second, so that who invents ids costs the house little.
 */
import { backoffMs } from "../../services/backoff.ts";
import { Allowance } from "../access/allowance.ts";
import type { IdKept, IdOwner } from "./ids.ts";
import { Kept } from "./kept.ts";
import { HUB, Pause, type HubTime } from "./times.ts";

export interface RememberingOptions {
  readonly time: HubTime;
  /** Whether there is nothing to write of it (any more). */
  readonly isDone: (owner: IdOwner) => boolean;
  readonly keep: (owner: IdOwner) => Promise<IdKept>;
  /** Something threw that does not throw. */
  readonly onDefect: (error: unknown) => void;
}

const AGAIN = { firstMs: HUB.againFirstMs, maxMs: HUB.againMaxMs };
const RATE = { amount: HUB.idsAtOnce, perMs: HUB.idsAtOnce * 1_000 };

export class Remembering {
  readonly #options: RememberingOptions;
  readonly #pause: Pause;
  /** By id, what is to be written. */
  readonly #waiting = new Map<string, IdOwner>();
  /** By account. */
  readonly #allowances = new Kept<Allowance>(HUB.idsMax);
  #isRunning = false;
  #isClosed = false;

  constructor(options: RememberingOptions) {
    this.#options = options;
    this.#pause = new Pause(options.time.clock);
  }

  /** It is to be written down, in place of what was said of it before. */
  push(owner: IdOwner): void {
    this.#waiting.delete(owner.clientId);
    if (this.#options.isDone(owner)) return;
    const own = [...this.#waiting.values()].filter(({ account }) => account === owner.account);
    // Of an account's own, those that came last are written.
    if (own.length >= HUB.idsPerAccount && own[0] !== undefined) this.#waiting.delete(own[0].clientId);
    this.#waiting.set(owner.clientId, owner);
    this.#pause.wake();
    if (!this.#isRunning) void this.#run();
  }

  close(): void {
    this.#isClosed = true;
    this.#pause.wake();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let round = 0; this.#waiting.size > 0 && !this.#isClosed;) {
      const next = this.#next();
      const kept = next === undefined ? undefined : await this.#write(next);
      round = kept === "unavailable" ? round + 1 : 0;
      if (kept === undefined) await this.#pause.wait(1_000);
      else if (kept === "unavailable") await this.#pause.wait(backoffMs(AGAIN, round, this.#options.time.random()));
    }
    this.#isRunning = false;
  }

  /** The first whose account has not had too many. */
  #next(): IdOwner | undefined {
    const nowMs = this.#options.time.clock.nowMs();
    for (const owner of this.#waiting.values())
      if (this.#allowanceOf(owner.account, nowMs).take(1, nowMs)) return owner;
    return undefined;
  }

  #allowanceOf(account: string, nowMs: number): Allowance {
    const allowance = this.#allowances.get(account) ?? new Allowance(RATE, nowMs);
    this.#allowances.set(account, allowance);
    return allowance;
  }

  async #write(owner: IdOwner): Promise<IdKept> {
    try {
      const kept = this.#options.isDone(owner) ? "kept" : await this.#options.keep(owner);
      const isLatest = this.#waiting.get(owner.clientId) === owner;
      if (kept !== "unavailable" && isLatest) this.#waiting.delete(owner.clientId);
      return kept;
    } catch (error) {
      this.#options.onDefect(error);
      this.#waiting.delete(owner.clientId);
      return "full";
    }
  }
}
