/** The operations on one key as the search wants them: sorted, numbered, and without what can never matter. */
import type { Operation } from "./operation.ts";

/**
 * An operation by what it needs and does: `read` needs a value, `differ` (a cas that did not take) needs any other value,
 * `write` replaces whatever is there, `swap` replaces what it needs.
 */
export interface Step {
  readonly kind: "read" | "differ" | "write" | "swap";
  /** Meaningless for `write`. */
  readonly needs: string | null;
  /** Meaningless for `read` and `differ`. */
  readonly writes: string | null;
  readonly call: number;
  /** Infinity: it may take effect at any time after the call, or never. */
  readonly end: number;
  readonly source: Operation;
}

/** The steps of one key. Failed operations did nothing and unknown reads told nothing: both are left out. */
export function stepsOf(operations: readonly Operation[]): Step[] {
  const steps: Step[] = [];
  for (const source of operations) {
    if (source.fail) continue;
    const isOpen = source.unknown || source.return === null;
    const when = { call: source.call, end: isOpen ? Infinity : (source.return ?? Infinity), source };
    if (source.op === "put") steps.push({ kind: "write", needs: null, writes: source.value, ...when });
    else if (source.op === "cas") steps.push({ ...casStep(source, isOpen), ...when });
    else if (!isOpen) {
      steps.push({
        kind: "read",
        needs: typeof source.output === "string" ? source.output : null,
        writes: null,
        ...when,
      });
    }
  }
  return steps;
}

function casStep(source: Operation, isOpen: boolean): Pick<Step, "kind" | "needs" | "writes"> {
  const { expected: needs, value: writes } = source;
  if (!isOpen && source.output === false) return { kind: "differ", needs, writes: null };
  // A swap of a value for itself only tells what was there.
  return needs === writes ? { kind: "read", needs, writes: null } : { kind: "swap", needs, writes };
}

/** What was known at `until`: later calls are not there, and what had not returned is open. */
export function prefixOf(steps: readonly Step[], until: number): Step[] {
  return steps.flatMap((step) => {
    if (step.call > until) return [];
    if (step.end <= until) return [step];
    return stepsOf([{ ...step.source, unknown: true }]).map((open) => ({ ...open, source: step.source }));
  });
}

export const READ = 0;
export const DIFFER = 1;
export const WRITE = 2;
export const SWAP = 3;
const KINDS = { read: READ, differ: DIFFER, write: WRITE, swap: SWAP } as const;

/** The value of an absent key. */
export const ABSENT = 0;
/** All values that no operation reads or compares with: nobody can tell them apart. */
export const OTHER = 1;

/** Steps in columns, by call. Values are small integers. */
export interface Columns {
  readonly size: number;
  readonly kind: Uint8Array;
  readonly needs: Int32Array;
  readonly writes: Int32Array;
  readonly call: Float64Array;
  readonly end: Float64Array;
}

/** A key's history: what must have taken effect, and what may have. */
export interface RegisterHistory {
  readonly certain: Columns;
  /** Writes and swaps only. */
  readonly open: Columns;
  readonly valueCount: number;
}

/** Numbers the values and sorts the steps. */
export function registerHistory(steps: readonly Step[]): RegisterHistory {
  const ids = new Map<string | null, number>([[null, ABSENT]]);
  for (const { kind, needs } of steps) {
    if (kind !== "write" && !ids.has(needs)) ids.set(needs, ids.size + 1);
  }
  const isTold = steps.some(({ kind }) => kind === "differ");
  const sorted = steps.toSorted((a, b) => a.call - b.call);
  return {
    certain: columnsOf(
      sorted.filter(({ end }) => end !== Infinity),
      ids,
    ),
    open: columnsOf(
      sorted.filter((step) => step.end === Infinity && isUseful(step, ids, isTold)),
      ids,
    ),
    valueCount: ids.size + 1,
  };
}

/** An open step need not have happened: it matters only if somebody may have seen its value, or the change. */
function isUseful({ kind, writes }: Step, ids: ReadonlyMap<string | null, number>, isTold: boolean): boolean {
  return (kind === "write" || kind === "swap") && (isTold || ids.has(writes));
}

function columnsOf(steps: readonly Step[], ids: ReadonlyMap<string | null, number>): Columns {
  const idOf = (value: string | null): number => ids.get(value) ?? OTHER;
  return {
    size: steps.length,
    kind: Uint8Array.from(steps, ({ kind }) => KINDS[kind]),
    needs: Int32Array.from(steps, ({ kind, needs }) => (kind === "write" ? -1 : idOf(needs))),
    writes: Int32Array.from(steps, ({ kind, writes }) => (kind === "write" || kind === "swap" ? idOf(writes) : -1)),
    call: Float64Array.from(steps, ({ call }) => call),
    end: Float64Array.from(steps, ({ end }) => end),
  };
}
