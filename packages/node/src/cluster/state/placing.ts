/** Where entities live, and which are to be woken. */
import { ActorError, applyPlacement, emptyPlacement } from "@parley/actors";
import { done } from "./codec.ts";
import { passFence } from "./fences.ts";
import { LIMITS } from "./limits.ts";
import { entityKey, type ClusterState } from "./model.ts";
import type { CommandOf } from "./schemas.ts";
import { refuse, staleTerm, type LogPosition, type Step } from "./step.ts";

/** Result: how many shards the table has. */
export function openTable(state: ClusterState, { kind, shards }: CommandOf<"open-table">): Step {
  const known = state.tables.get(kind)?.rows.length;
  if (known === shards) return { state, result: done(shards) };
  if (known !== undefined) return refuse(state, "mismatch", `the table of ${kind} has ${known} shards`);
  if (state.tables.size >= LIMITS.tables) return refuse(state, "full", `there are ${LIMITS.tables} tables already`);
  return { state: { ...state, tables: state.tables.with(kind, emptyPlacement(shards)) }, result: done(shards) };
}

/** Result: the shard's new epoch. */
export function place(state: ClusterState, { kind, ...change }: CommandOf<"place">, at: LogPosition): Step {
  const stale = staleTerm(change.term, at);
  if (stale !== undefined) return refuse(state, "stale-term", stale);
  const table = state.tables.get(kind);
  if (table === undefined) return refuse(state, "mismatch", `there is no table of ${kind}`);
  const next = applyPlacement(table, change);
  if (next instanceof ActorError) {
    const reason = next.code === "stale-term" || next.code === "stale-epoch" ? next.code : "mismatch";
    return refuse(state, reason, next.message);
  }
  return { state: { ...state, tables: state.tables.with(kind, next) }, result: done(change.expectedEpoch + 1) };
}

/** From here on nothing of an older owner is accepted. */
export function fence(state: ClusterState, { stamp }: CommandOf<"fence">): Step {
  const passed = passFence(state, stamp);
  return { state: passed.state, result: passed.refusal ?? done() };
}

export function remember(state: ClusterState, { stamp, entity }: CommandOf<"remember">): Step {
  const passed = passFence(state, stamp);
  if (passed.refusal !== undefined) return { state, result: passed.refusal };
  const { entities } = passed.state;
  const key = entityKey(stamp.scope, entity);
  if (!entities.has(key) && entities.size >= LIMITS.entities) {
    return refuse(passed.state, "full", `${LIMITS.entities} entities are remembered already`);
  }
  return { state: { ...passed.state, entities: entities.with(key, true) }, result: done() };
}

export function forget(state: ClusterState, { stamp, entity }: CommandOf<"forget">): Step {
  const passed = passFence(state, stamp);
  if (passed.refusal !== undefined) return { state, result: passed.refusal };
  const entities = passed.state.entities.without(entityKey(stamp.scope, entity));
  return { state: { ...passed.state, entities }, result: done() };
}
