/** Hosts that sleep say so before, in the replicated state, so that whoever is prime knows; and when they are back. */
import type { SharedState, Submitted } from "../consensus/shared-state.ts";
import type { ClusterState } from "../state/model.ts";

const sleepKey = (peer: string): string => `asleep/${peer}`;

export function isAsleep(state: ClusterState, peer: string): boolean {
  return state.settings.has(sleepKey(peer));
}

/** From when this is done the prime takes the peer's vote away as soon as the others can do without it. Never rejects. */
export function goToSleep(shared: SharedState, peer: string, options: { timeoutMs: number }): Promise<Submitted> {
  return shared.submit({ type: "set", key: sleepKey(peer), value: "asleep" }, options);
}

/** It may vote again once it has caught up. Never rejects. */
export function wakeUp(shared: SharedState, peer: string, options: { timeoutMs: number }): Promise<Submitted> {
  return shared.submit({ type: "set", key: sleepKey(peer), value: null }, options);
}
