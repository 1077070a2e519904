/** Linearizability by trying every order: slow, and too plain to be wrong. For histories of one key. */
import type { Operation } from "../../../src/testing/linearizability/operation.ts";

/** Tries to put any of `left` next that nothing else of `left` precedes in real time. */
export function isLinearizable(left: readonly Operation[], value: string | null = null): boolean {
  const mustHappen = left.filter((operation) => !operation.fail && !isOpen(operation));
  if (mustHappen.length === 0) return true;
  const mayHappen = left.filter((operation) => !operation.fail);
  return mayHappen.some((next) => {
    if (mayHappen.some((other) => other !== next && endOf(other) < next.call)) return false;
    const after = apply(next, value);
    return (
      after !== undefined &&
      isLinearizable(
        mayHappen.filter((operation) => operation !== next),
        after,
      )
    );
  });
}

function isOpen(operation: Operation): boolean {
  return operation.unknown || operation.return === null;
}

function endOf(operation: Operation): number {
  return isOpen(operation) ? Infinity : (operation.return ?? Infinity);
}

/** The value afterwards; undefined if the answer would have been another. */
function apply(operation: Operation, value: string | null): string | null | undefined {
  if (operation.op === "put") return operation.value;
  if (operation.op === "get") return isOpen(operation) || operation.output === value ? value : undefined;
  const took = operation.expected === value;
  if (!isOpen(operation) && took !== operation.output) return undefined;
  return took ? operation.value : value;
}
