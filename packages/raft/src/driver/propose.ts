/** Brings waiting proposals into the core: in batches, as many as it has room for. */
import type { RawNode } from "../core/raw-node.ts";
import { NONE } from "../core/types.ts";
import { isRaftError } from "../errors.ts";
import type { Proposal, Proposals } from "./proposals.ts";

/** Of one append, so that followers begin to write while the rest is on its way. */
const MAX_BATCH = 1_024;

export function flushProposals(raw: RawNode, proposals: Proposals, maxBatchBytes: number): void {
  if (!proposals.hasWaiting) return;
  if (raw.role !== "leader") {
    proposals.notLeader(raw.lead === NONE ? undefined : raw.lead);
    if (raw.lead === NONE) return;
  }
  // While leadership is handed over nothing is taken; they wait for how that ends.
  if (raw.role === "leader" && raw.transferee !== NONE) return;
  const waiting = proposals.takeWaiting();
  let at = 0;
  while (at < waiting.length) {
    const batch = nextBatch(waiting, at, maxBatchBytes);
    if (!propose(raw, proposals, batch)) {
      proposals.putBack(waiting.slice(at));
      return;
    }
    at += batch.length;
  }
}

function nextBatch(waiting: readonly Proposal[], from: number, maxBytes: number): readonly Proposal[] {
  let bytes = 0;
  let to = from;
  while (to < waiting.length && to - from < MAX_BATCH) {
    const next = waiting[to];
    if (next === undefined) break;
    bytes += next.data.length;
    const isAlone = next.kind === "membership";
    if (to > from && (isAlone || bytes > maxBytes)) break;
    to += 1;
    if (isAlone) break;
  }
  return waiting.slice(from, to);
}

/** False when the core has no room for them now. */
function propose(raw: RawNode, proposals: Proposals, batch: readonly Proposal[]): boolean {
  const [first] = batch;
  if (first === undefined) return true;
  try {
    if (first.kind === "membership") raw.proposeMembership({ type: "conf-change-v2", data: first.data });
    else raw.proposeBatch(batch.map(({ data }) => data));
  } catch (error) {
    if (isRaftError(error, "proposal-dropped")) return false;
    throw error;
  }
  const start = raw.role === "leader" ? raw.lastIndex - batch.length + 1 : undefined;
  for (const [i, proposal] of batch.entries()) {
    proposals.place(proposal, start === undefined ? undefined : { index: start + i, term: raw.term });
  }
  return true;
}
