/**
 * How a member hands over what it does for its cluster while it stays one: before its host sleeps, and while it drains. Whoever
 * is prime takes its vote then, as soon as the others can do without; who has no vote is not prime, and does not become it.
 */
import type { Logger } from "pino";
import type { SharedState } from "../../consensus/shared-state.ts";
import type { MemberDraining } from "../../face.ts";
import { draining, goToSleep } from "../../membership/sleep.ts";
import type { Company } from "./company.ts";
import type { Roster } from "./roster.ts";

export interface RestOptions {
  readonly roster: Roster;
  readonly shared: SharedState;
  readonly homes: Pick<Company["homes"], "drain" | "stay">;
  readonly votes: () => boolean;
  /** What it owes the cluster is to be looked at: it may owe its word that it is awake. */
  readonly look: () => void;
  readonly log: Logger;
}

/** Of this host's own time, which may stand still in sleep. */
const SLEEP_IS_DUE_MS = 60_000;
const LOOK_EVERY_MS = 25;
const SAY_MS = 5_000;

export class Rest implements MemberDraining {
  readonly #options: RestOptions;
  /** Since when its host is about to sleep, or sleeps. */
  #asleepMs: number | undefined;
  #isDraining = false;
  #hasGivenAway = false;

  constructor(options: RestOptions) {
    this.#options = options;
  }

  /** Whether it does not say that it is awake. A sleep that was announced and does not come is over after a while. */
  get isResting(): boolean {
    if (this.#isDraining) return true;
    return this.#asleepMs !== undefined && performance.now() - this.#asleepMs < SLEEP_IS_DUE_MS;
  }

  get isPrime(): boolean {
    const { roster, shared } = this.#options;
    return shared.consensus.leadership.current().leader === roster.self;
  }

  get isVoter(): boolean {
    return this.#options.votes();
  }

  async fallAsleep({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    const { roster, shared, log } = this.#options;
    this.#asleepMs = performance.now();
    if (!this.#hasCompany()) return;
    const untilMs = this.#asleepMs + timeoutMs;
    const submitted = await goToSleep(shared, roster.self, { timeoutMs });
    await this.#until(() => !this.isVoter, untilMs);
    log.info({ ...submitted, votes: this.isVoter }, "this peer has handed over what it could before its host sleeps");
  }

  /** Its host is awake: it asks for its vote back, unless it drains. */
  wake(): void {
    this.#asleepMs = undefined;
    if (this.#isDraining) void this.#saysThatItDrains(SAY_MS);
    this.#options.look();
  }

  async giveUpLeading({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#isDraining = true;
    if (!this.#hasCompany()) return;
    const untilMs = performance.now() + timeoutMs;
    await this.#saysThatItDrains(timeoutMs);
    await this.#until(() => !this.#isDraining || (!this.isPrime && !this.isVoter), untilMs);
  }

  async giveAway({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    this.#hasGivenAway = true;
    await this.#options.homes.drain({ timeoutMs });
  }

  stay(): void {
    if (this.#hasGivenAway) this.#options.homes.stay();
    this.#hasGivenAway = false;
    this.#isDraining = false;
    this.#options.look();
  }

  /** Somebody is there who could take anything over. */
  #hasCompany(): boolean {
    const { roster, shared } = this.#options;
    return roster.members.size > 1 && shared.consensus.leadership.current().leader !== undefined;
  }

  /** Never rejects. */
  async #saysThatItDrains(timeoutMs: number): Promise<void> {
    const { roster, shared, log } = this.#options;
    const submitted = await shared.submit(draining(roster.self), { timeoutMs });
    if (submitted.outcome !== "done") log.info({ ...submitted }, "the cluster was not told that this peer drains");
    // It was taken back meanwhile: what was said last must not be that.
    if (!this.#isDraining) this.#options.look();
  }

  async #until(holds: () => boolean, untilMs: number): Promise<void> {
    while (!holds() && performance.now() < untilMs) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
