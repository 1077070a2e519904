/** Supervision as OTP describes it: which children are restarted, how often, and after what pause. */

import { ActorError } from "../errors.ts";

/** What the failure of one child means to the others: nothing; all restart; those started after it restart. */
export type Strategy = "one-for-one" | "one-for-all" | "rest-for-one";

/** `permanent`: restarted however it ends; `transient`: only after a crash; `temporary`: never. */
export type RestartPolicy = "permanent" | "transient" | "temporary";

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
  /** More restarts than this within `withinMs`, all children taken together, and the supervisor itself fails. */
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
  const { maxRestarts, withinMs, backOff } = whole;
  const { minMs, maxMs, factor, jitter } = backOff;
  const isSound =
    maxRestarts >= 0 && withinMs > 0 && minMs >= 0 && maxMs >= minMs && factor >= 1 && jitter >= 0 && jitter <= 1;
  if (!isSound) throw new ActorError("bad-option", `supervision makes no sense: ${JSON.stringify(whole)}`);
  return whole;
}
