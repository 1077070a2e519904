/** The known name that a mistyped one was probably meant to be. */

/**
 * The candidate nearest to `typed`: one with the same last part (`port` for `listen.port`), else the one with the
 * fewest edits, when those are few enough to be a slip, else the first of several with the same last part. Undefined when
 * nothing is near.
 */
export function nearest(typed: string, candidates: readonly string[]): string | undefined {
  const wanted = typed.toLowerCase();
  const sameEnd = candidates.filter((candidate) => lastPart(candidate) === lastPart(wanted));
  if (sameEnd.length === 1) return sameEnd[0];
  let best: string | undefined;
  let fewest = slipAllowance(wanted) + 1;
  for (const candidate of candidates) {
    // Lengths differ by more edits than are allowed: no need to count, however long the typed text is.
    if (Math.abs(candidate.length - wanted.length) >= fewest) continue;
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best ?? sameEnd[0];
}

function lastPart(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** One slip in three letters, at most four. */
function slipAllowance(name: string): number {
  return Math.min(4, Math.max(1, Math.floor(name.length / 3)));
}

/** Insertions, deletions, replacements and swaps of neighbours that turn `from` into `to` (optimal string alignment). */
export function editDistance(from: string, to: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let row = 1; row <= from.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= to.length; column += 1) {
      const same = from[row - 1] === to[column - 1];
      let edits = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + (same ? 0 : 1),
      );
      const swapped = row > 1 && column > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (swapped) edits = Math.min(edits, (beforeLast[column - 2] ?? 0) + 1);
      current.push(edits);
    }
    [beforeLast, last] = [last, current];
  }
  return last[to.length] ?? 0;
}
