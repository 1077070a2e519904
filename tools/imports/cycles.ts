/** Circles in a graph of files. */

/** `from` imports `to` on `line`. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly line: number;
  readonly typeOnly: boolean;
}

/**
 * One shortest circle for each group of files that can reach each other, as the edges that close it. Fixing it may
 * reveal another in the same group.
 */
export function findCycles(edges: readonly Edge[]): readonly (readonly Edge[])[] {
  const bySource = Map.groupBy(edges, ({ from }) => from);
  const inGroup = new Set<string>();
  const cycles: (readonly Edge[])[] = [];
  for (const start of [...bySource.keys()].toSorted()) {
    if (inGroup.has(start)) continue;
    const cycle = shortestCycle(start, bySource);
    if (cycle === undefined) continue;
    cycles.push(cycle);
    for (const file of mutuallyReachable(start, edges, bySource)) inGroup.add(file);
  }
  return cycles;
}

type Graph = ReadonlyMap<string, readonly Edge[]>;

function shortestCycle(start: string, bySource: Graph): readonly Edge[] | undefined {
  const cameBy = new Map<string, Edge>();
  const queue = [start];
  for (let at = queue.shift(); at !== undefined; at = queue.shift()) {
    for (const edge of bySource.get(at) ?? []) {
      if (edge.to === start) return [...pathTo(at, start, cameBy), edge];
      if (cameBy.has(edge.to)) continue;
      cameBy.set(edge.to, edge);
      queue.push(edge.to);
    }
  }
  return undefined;
}

function pathTo(end: string, start: string, cameBy: ReadonlyMap<string, Edge>): readonly Edge[] {
  const path: Edge[] = [];
  for (let at = end; at !== start;) {
    const edge = cameBy.get(at);
    if (edge === undefined) throw new Error(`no way back from ${at} to ${start}`);
    path.unshift(edge);
    at = edge.from;
  }
  return path;
}

function mutuallyReachable(start: string, edges: readonly Edge[], bySource: Graph): ReadonlySet<string> {
  const forward = reachable(start, bySource, ({ to }) => to);
  const backward = reachable(
    start,
    Map.groupBy(edges, ({ to }) => to),
    ({ from }) => from,
  );
  return forward.intersection(backward);
}

function reachable(start: string, graph: Graph, next: (edge: Edge) => string): ReadonlySet<string> {
  const seen = new Set([start]);
  // A Set is walked in insertion order, also over what is added on the way.
  for (const at of seen) for (const edge of graph.get(at) ?? []) seen.add(next(edge));
  return seen;
}
