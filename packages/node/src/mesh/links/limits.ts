/** Bounds and paces of links. */
import { DEFAULT_PACE, type Pace } from "./pace.ts";

export interface LinkLimits extends Pace {
  readonly pingEveryMs: number;
  /** The bulk connection is pinged only every so many times: its queue may be long. */
  readonly bulkPingRatio: number;
  /** A prompt connection of which nothing was heard for so long is dead, whatever TCP thinks … */
  readonly promptSilenceMs: number;
  /** … and a bulk one after this: what waits before a pong may take a while on a slow network. */
  readonly bulkSilenceMs: number;
  /** From the dial to the other side's answer; also what an incoming offer may take to be whole. */
  readonly attemptTimeoutMs: number;
  /** Offers of one peer that are not whole. */
  readonly maxOffersPerPeer: number;
}

export const DEFAULT_LINK_LIMITS: LinkLimits = {
  ...DEFAULT_PACE,
  pingEveryMs: 1_000,
  bulkPingRatio: 2,
  promptSilenceMs: 2_500,
  bulkSilenceMs: 10_000,
  attemptTimeoutMs: 4_000,
  maxOffersPerPeer: 4,
};
