/** Settings, and the key-value face. */
import { done } from "./codec.ts";
import { passFence } from "./fences.ts";
import { LIMITS } from "./limits.ts";
import type { ClusterState, Pair } from "./model.ts";
import type { KeyRange } from "./ordered.ts";
import type { CommandOf } from "./schemas.ts";
import { refuse, type LogPosition, type Step } from "./step.ts";

/** What a user or an administrator has chosen, as text; null: as if it had never been chosen. */
export function set(state: ClusterState, { key, value }: CommandOf<"set">): Step {
  const { settings } = state;
  if (value === null) return { state: { ...state, settings: settings.without(key) }, result: done() };
  if (!settings.has(key) && settings.size >= LIMITS.settings) {
    return refuse(state, "full", `there are ${LIMITS.settings} settings already`);
  }
  return { state: { ...state, settings: settings.with(key, value) }, result: done() };
}

/** Result: the new revision. With `when` it is a compare-and-set. */
export function put(state: ClusterState, command: CommandOf<"put">, at: LogPosition): Step {
  const { key, value } = command;
  return guarded(state, command, (open, before) => {
    const grown = open.pairBytes - bytesOf(key, before) + bytesOf(key, { value });
    if (grown > LIMITS.pairBytes || (before === undefined && open.pairs.size >= LIMITS.pairs)) {
      return refuse(open, "full", `the cluster keeps ${LIMITS.pairs} keys and ${LIMITS.pairBytes} bytes at most`);
    }
    const pairs = open.pairs.with(key, { value, revision: at.index });
    return { state: { ...open, pairs, pairBytes: grown }, result: done(at.index) };
  });
}

/** Result: the revision that was deleted; 0: there was none. */
export function remove(state: ClusterState, command: CommandOf<"delete">): Step {
  const { key } = command;
  return guarded(state, command, (open, before) => {
    const pairBytes = open.pairBytes - bytesOf(key, before);
    return { state: { ...open, pairs: open.pairs.without(key), pairBytes }, result: done(before?.revision ?? 0) };
  });
}

/** Up to `limit` pairs in the order of their keys. */
export function readRange(
  state: ClusterState,
  { limit, ...range }: KeyRange & { readonly limit: number },
): readonly (readonly [key: string, pair: Pair])[] {
  return state.pairs.range(range).take(limit).toArray();
}

function guarded(
  state: ClusterState,
  { key, when, stamp }: CommandOf<"put"> | CommandOf<"delete">,
  change: (open: ClusterState, before: Pair | undefined) => Step,
): Step {
  const fenced = stamp === undefined ? { state, refusal: undefined } : passFence(state, stamp);
  if (fenced.refusal !== undefined) return { state, result: fenced.refusal };
  const open = fenced.state;
  const before = open.pairs.get(key);
  if (when !== undefined && "revision" in when && when.revision !== (before?.revision ?? 0)) {
    return refuse(open, "mismatch", `the key has revision ${before?.revision ?? 0}, and not ${when.revision}`);
  }
  if (when !== undefined && "value" in when && (before === undefined || !areEqual(before.value, when.value))) {
    return refuse(open, "mismatch", "the key has another value");
  }
  return change(open, before);
}

function bytesOf(key: string, pair: Pick<Pair, "value"> | undefined): number {
  return pair === undefined ? 0 : key.length + pair.value.length;
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return Buffer.compare(one, other) === 0;
}
