/** What in a bad history of one key shows that it is bad, small enough for a person to follow. */
import type { Operation } from "./operation.ts";
import { prefixOf, registerHistory, type Step } from "./register-history.ts";
import { search } from "./search.ts";

/** Why one key's history is not linearizable. */
export interface Contradiction {
  readonly key: string;
  /** Up to this return, in nanoseconds of the history's clock, the key's history is bad; up to the one before, it is not. */
  readonly until: number;
  /** Operations of the key that were called by then. */
  readonly prefixLength: number;
  /**
   * Some of those, by call, that contradict each other whatever the others did. A cas among them may be there for its
   * write alone. What had not returned at `until` counts as unknown.
   */
  readonly operations: readonly Operation[];
}

/** Work for one try at leaving something out, and how many tries there are at most. */
const TRY_WORK = 2_000_000;
const MAX_TRIES = 600;

/** Explains a history that {@link search} found to be bad within `maxWork`. */
export function contradictionIn(key: string, steps: readonly Step[], maxWork: number): Contradiction {
  const until = firstBadReturn(steps, maxWork);
  const prefix = prefixOf(steps, until);
  const core = shrink(prefix).toSorted((a, b) => a.call - b.call);
  const prefixLength = steps.filter(({ call }) => call <= until).length;
  return { key, until, prefixLength, operations: core.map(({ source }) => source) };
}

/** Prefixes of good histories are good: halving finds where it turns bad. One that takes too long counts as not shown. */
function firstBadReturn(steps: readonly Step[], maxWork: number): number {
  const ends = [...new Set(steps.map(({ end }) => end))].filter((end) => end !== Infinity).sort((a, b) => a - b);
  let [low, high] = [0, ends.length - 1];
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isBad(prefixOf(steps, ends[middle] ?? Infinity), maxWork)) high = middle;
    else low = middle + 1;
  }
  return ends[low] ?? Infinity;
}

function isBad(steps: readonly Step[], maxWork: number): boolean {
  return search(registerHistory(steps), maxWork).found === "no";
}

/** Leaves out runs of steps, ever shorter ones, as long as what stays is bad. */
function shrink(steps: readonly Step[]): readonly Step[] {
  let tries = 0;
  const isStillBad = (next: readonly Step[]): boolean => {
    tries += 1;
    return tries <= MAX_TRIES && isBad(next, TRY_WORK);
  };
  const told = steps.filter(({ kind }) => kind !== "differ");
  let left = told.length < steps.length && isStillBad(told) ? told : steps;
  for (let run = Math.ceil(left.length / 2); run >= 1; run = run === 1 ? 0 : Math.ceil(run / 2)) {
    for (let from = 0; from < left.length;) {
      const smaller = [true, false]
        .map((weaken) => without(left, from, from + run, weaken))
        .find((next) => next !== undefined && isStillBad(next));
      if (smaller === undefined) from += run;
      else left = smaller;
    }
  }
  return left;
}

/**
 * Leaves out what it may between `from` and `to`, so that a good history stays good: what only looks; and writes that
 * nobody looks for. With `weaken`, swaps become writes, which may happen in more places. Undefined: nothing was left out.
 */
function without(steps: readonly Step[], from: number, to: number, weaken: boolean): readonly Step[] | undefined {
  const isIn = (index: number): boolean => index >= from && index < to;
  let changed = false;
  const looked = steps.flatMap((step, index) => {
    if (!isIn(index)) return [{ step, isIn: false }];
    if (step.kind === "read" || step.kind === "differ") {
      changed = true;
      return [];
    }
    if (!weaken || step.kind === "write") return [{ step, isIn: true }];
    changed = true;
    const write: Step = { ...step, kind: "write", needs: null };
    return [{ step: write, isIn: true }];
  });
  const isWatched = looked.some(({ step }) => step.kind === "differ");
  const needed = new Set(looked.flatMap(({ step }) => (step.kind === "write" ? [] : [step.needs])));
  const left = looked.filter(({ step, isIn }) => !isIn || isWatched || needed.has(step.writes));
  return changed || left.length < steps.length ? left.map(({ step }) => step) : undefined;
}
