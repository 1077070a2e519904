/** Supervision as OTP describes it: which children are restarted, how often, and after what pause. */

import { ActorError, mustBeOneOf, textOf } from "../errors.ts";

/** What the failure of one child means to the others: nothing; all restart; those started after it restart. */
export type Strategy = (typeof STRATEGIES)[number];

/** `permanent`: restarted however it ends; `transient`: only after a crash; `temporary`: never. */
export type RestartPolicy = (typeof RESTART_POLICIES)[number];

export const STRATEGIES = ["one-for-one", "one-for-all", "rest-for-one"] as const;
export const RESTART_POLICIES = ["permanent", "transient", "temporary"] as const;

/** The pause before the n-th restart in a row: `minMs * factor^(n-1)`, at most `maxMs`, varied by ± `jitter` of itself. */
export interface BackOff {
  /** 0: the first restart is immediate, and so are all others. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly factor: number;
  /** Share of the pause, from 0 to 1. */
  readonly jitter: number;
}

/** How a parent looks after its children. */
export interface SupervisionSpec {
  readonly strategy: Strategy;
  /** More restarts than this within `withinMs`, all children taken together, and the supervisor itself fails. May be infinite. */
  readonly maxRestarts: number;
  readonly withinMs: number;
  readonly backOff: BackOff;
}

/** A child that crashes on every start is given up after about two seconds. */
export const DEFAULT_SUPERVISION: SupervisionSpec = {
  strategy: "one-for-one",
  maxRestarts: 5,
  withinMs: 10_000,
  backOff: { minMs: 50, maxMs: 5_000, factor: 2, jitter: 0.2 },
};

/** `spec` over the defaults. @throws ActorError `bad-option` */
export function supervisionOf(spec: Partial<SupervisionSpec> | undefined): SupervisionSpec {
  if (spec === undefined) return DEFAULT_SUPERVISION;
  const whole = { ...DEFAULT_SUPERVISION, ...spec };
  const { strategy, maxRestarts, withinMs, backOff } = whole;
  mustBeOneOf(STRATEGIES, strategy, "strategy");
  const isCount = Number.isSafeInteger(maxRestarts) || maxRestarts === Infinity;
  if (!isCount || maxRestarts < 0 || !(withinMs > 0)) {
    throw new ActorError("bad-option", `there cannot be ${textOf(maxRestarts)} restarts in ${textOf(withinMs)} ms`);
  }
  mustBeBackOff(backOff);
  return whole;
}

/** @throws ActorError `bad-option` */
export function mustBeBackOff(backOff: BackOff): void {
  // What comes from plain JavaScript may be nothing at all.
  const { minMs, maxMs, factor, jitter }: Partial<BackOff> = { ...backOff };
  const isSound = isWithin(minMs, 0) && isWithin(maxMs, minMs) && isWithin(factor, 1) && isWithin(jitter, 0, 1);
  if (!isSound) throw new ActorError("bad-option", `a back-off makes no sense: ${JSON.stringify(backOff)}`);
}

function isWithin(value: number | undefined, least: number, most?: number): value is number {
  return Number.isFinite(value) && value !== undefined && value >= least && !(most !== undefined && value > most);
}
