/** An advert as decisions read it. */
import type { Advert, AdvertisedVoice } from "./advert.ts";
import type { Costs } from "./priors.ts";

/** A service under a policy, for a router on one peer. */
export interface Standing {
  /** Its place among those that are preferred; behind them: everybody else. */
  readonly tier: number;
  readonly weight: number;
}

/** Where a service keeps its standing: the last one that was asked for, and for what. */
export interface StandingMemo {
  policy?: object;
  self?: string;
  standing?: Standing;
}

/** An advert with what a decision asks of it, computed once. */
export interface Entry {
  readonly advert: Advert;
  /** When the advert was true: its arrival, less the way. */
  readonly atMs: number;
  readonly costs: Costs;
  /** Primary subtags; undefined: any. */
  readonly languages: ReadonlySet<string> | undefined;
  /** By name in lower case. */
  readonly voices: ReadonlyMap<string, AdvertisedVoice>;
  /** In lower case. */
  readonly name: string;
  readonly model: string;
  readonly classes: ReadonlySet<string>;
  readonly hardware: ReadonlySet<string>;
  readonly concurrency: number;
  /** Running and waiting. */
  readonly jobs: number;
  /** Compute time left of them. */
  readonly backlogMs: number;
  /** Compute time of a job of usual size. */
  readonly usualMs: number;
  /** Compute time that is asked of it for each time that passes. */
  readonly demand: number;
  readonly isFull: boolean;
  /** How much longer work takes for what else the machine does. */
  readonly slowness: number;
  /** What the policy says of it. */
  readonly memo: StandingMemo;
}
