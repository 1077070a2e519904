/**
 * Fences in the replicated state: once the newer of two owners has shown its stamp, nothing of the older one is accepted on
 * any host. The same rules as the Fence of @parley/actors, whose entries live in the state here.
 */
import { refused, type CommandRefused } from "./codec.ts";
import { LIMITS } from "./limits.ts";
import type { ClusterState, FenceMark } from "./model.ts";

export interface Stamped extends FenceMark {
  readonly scope: string;
}

/** The state in which `stamp` was seen, or why it comes too late. */
export function passFence(
  state: ClusterState,
  { scope, kind, token }: Stamped,
): { readonly state: ClusterState; readonly refusal: CommandRefused | undefined } {
  const mark = state.fences.get(scope);
  const no = (refusal: CommandRefused) => ({ state, refusal });
  if (mark === undefined && state.fences.size >= LIMITS.fences) {
    return no(refused("full", `${LIMITS.fences} scopes are fenced already`));
  }
  if (mark !== undefined && mark.kind !== kind) return no(refused("mismatch", `${scope} is fenced by ${mark.kind}`));
  if (mark !== undefined && token < mark.token) {
    return no(refused(`stale-${kind}`, `${scope} has ${kind} ${mark.token} by now: nothing of ${token} is accepted`));
  }
  if (mark?.token === token) return { state, refusal: undefined };
  return { state: { ...state, fences: state.fences.with(scope, { kind, token }) }, refusal: undefined };
}
