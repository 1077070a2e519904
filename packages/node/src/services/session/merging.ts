/**
 * Two histories of one conversation become one again: what was said on both sides of a house that was apart, in the order of its
 * time, each once. In whatever order histories are merged, and however often, the same comes of it.
 */
import type { Exchange } from "../../assistant/conversation.ts";

/** What is known under the same id on both sides is one exchange: the fuller of the two. */
export function mergeExchanges(own: readonly Exchange[], others: readonly Exchange[]): readonly Exchange[] {
  const byName = new Map<string, Exchange>();
  for (const exchange of [...own, ...others]) {
    const name = nameOf(exchange);
    const known = byName.get(name);
    byName.set(name, known === undefined ? exchange : fuller(known, exchange));
  }
  return [...byName.values()].toSorted((a, b) => (a.atMs ?? 0) - (b.atMs ?? 0) || inOrder(a.id, b.id));
}

/** What older software has said has no id. */
function nameOf({ id, question, answer }: Exchange): string {
  return id ?? `${question}\n${answer}`;
}

/** An answer that was cut on one side, and gone on with on the other, was given once. */
function fuller(one: Exchange, other: Exchange): Exchange {
  if (one.wasInterrupted !== other.wasInterrupted) return one.wasInterrupted ? other : one;
  if (one.answer.length !== other.answer.length) return one.answer.length > other.answer.length ? one : other;
  // The same on both sides, or nobody can say which is better: then both sides choose the same.
  return rank(one) <= rank(other) ? one : other;
}

function rank({ atMs = 0, question, answer, privacy }: Exchange): string {
  return JSON.stringify([String(atMs).padStart(20, "0"), question, answer, privacy ?? ""]);
}

/** What has no id stays as it came. */
function inOrder(one = "", other = ""): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
