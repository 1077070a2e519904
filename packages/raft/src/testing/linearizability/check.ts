/** Whether a history of puts, gets and cas on many keys is linearizable. */
import { contradictionIn, type Contradiction } from "./contradiction.ts";
import type { Operation } from "./operation.ts";
import { registerHistory, stepsOf } from "./register-history.ts";
import { search } from "./search.ts";

export interface CheckOptions {
  /** Steps looked at for one key before it counts as undecided. Default 100,000,000: some seconds, some 100 MB. */
  readonly maxWorkPerKey?: number;
}

/** `violation` if any key's history is bad; else `undecided` if any took too long. */
export interface CheckResult {
  readonly verdict: "linearizable" | "violation" | "undecided";
  readonly operations: number;
  readonly keys: number;
  /** One for each bad key, in the order in which the keys appear. */
  readonly violations: readonly Contradiction[];
  readonly undecidedKeys: readonly string[];
  /** Steps looked at: grows with the difficulty. */
  readonly work: number;
}

const MAX_WORK_PER_KEY = 100_000_000;

/**
 * Checks every key by itself: a history is linearizable if each of its objects' is (Herlihy and Wing, TOPLAS 12, 1990).
 * Best with values that are written once each: then it is quick up to some tens of operations at a time on one key, and
 * hundreds without cas. A call at the very time of another's return counts as concurrent with it.
 */
export function checkLinearizability(history: readonly Operation[], options: CheckOptions = {}): CheckResult {
  const { maxWorkPerKey = MAX_WORK_PER_KEY } = options;
  const violations: Contradiction[] = [];
  const undecidedKeys: string[] = [];
  const byKey = Map.groupBy(history, ({ key }) => key);
  let work = 0;
  for (const [key, operations] of byKey) {
    const steps = stepsOf(operations);
    const result = search(registerHistory(steps), maxWorkPerKey);
    work += result.work;
    if (result.found === "gave-up") undecidedKeys.push(key);
    if (result.found === "no") violations.push(contradictionIn(key, steps, maxWorkPerKey));
  }
  return {
    verdict: violations.length > 0 ? "violation" : undecidedKeys.length > 0 ? "undecided" : "linearizable",
    operations: history.length,
    keys: byKey.size,
    violations,
    undecidedKeys,
    work,
  };
}
