/**
 * When a region of its own accord looks at what time has brought, and when it comes forward again. Only where something waits for
 * time to pass: on a host where nothing happens each timer wakes the processor for nothing.
 */
import type { Timers } from "../core/behavior.ts";
import type { OwnRegionMessage } from "./region-protocol.ts";
import type { ShardingSettings } from "./sharding-settings.ts";

/** Registrations that follow a change quickly, as one may get lost; and how much rarer those are that follow them. */
const QUICK = 10;
const RARER = 20;
/** Of the time after which entities are put to sleep: so much later it may happen. */
const SLEEP_SHARE = 1 / 100;
const LONGEST_SLEEP_LOOK_MS = 10_000;

export class Rhythm {
  readonly #timers: Timers<OwnRegionMessage>;
  readonly #registerEveryMs: number;
  readonly #lookEveryMs: number;
  #registrations = 0;

  constructor(
    timers: Timers<OwnRegionMessage>,
    {
      registerEveryMs,
      lookEveryMs,
      owner: { passivateAfterMs },
    }: Pick<ShardingSettings<unknown>, "registerEveryMs" | "lookEveryMs" | "owner">,
  ) {
    this.#timers = timers;
    this.#registerEveryMs = registerEveryMs;
    this.#lookEveryMs = lookEveryMs;
    if (passivateAfterMs === Infinity) return;
    const sleepLookMs = Math.min(LONGEST_SLEEP_LOOK_MS, passivateAfterMs * SLEEP_SHARE);
    timers.every("sleepers", Math.max(lookEveryMs, sleepLookMs), { type: "own-look" });
  }

  /** Something waits for time to pass: there is a look soon. */
  waits(): void {
    if (!this.#timers.isActive("look")) this.#timers.once("look", this.#lookEveryMs, { type: "own-look" });
  }

  /** The region has come forward, and will again. */
  registered(): void {
    this.#registrations += 1;
    const everyMs = this.#registrations < QUICK ? this.#registerEveryMs : RARER * this.#registerEveryMs;
    this.#timers.once("registers", everyMs, { type: "own-register" });
  }

  /** Who leads, or who owns what, is not what it was: what the region says of itself is wanted sooner. */
  changed(): void {
    const wasRare = this.#registrations >= QUICK;
    this.#registrations = 0;
    if (wasRare) this.#timers.once("registers", this.#registerEveryMs, { type: "own-register" });
  }
}
