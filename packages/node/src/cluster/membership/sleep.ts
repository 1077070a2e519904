/** Hosts that sleep say so before, in the replicated state, so that whoever is prime knows; and when they are back. */
import type { SharedState, Submitted } from "../consensus/shared-state.ts";
import type { ClusterState } from "../state/model.ts";
import type { CommandOf } from "../state/schemas.ts";

const sleepKey = (peer: string): string => `asleep/${peer}`;
const EXPELLED = "expelled";

/** Whether a key says that somebody sleeps. */
export function isSleep(key: string): boolean {
  return key.startsWith(sleepKey(""));
}

export function isAsleep(state: ClusterState, peer: string): boolean {
  return state.settings.has(sleepKey(peer));
}

/** Who is asleep, whether it belongs or not. */
export function sleepersIn({ settings }: ClusterState): readonly string[] {
  const prefix = sleepKey("");
  return [...settings.range({ from: prefix })]
    .map(([key]) => key)
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

/** What takes a peer's vote away whatever it says itself, as soon as the others can do without: it is to be revoked. */
export function takeVote(peer: string): CommandOf<"set"> {
  return { type: "set", key: sleepKey(peer), value: EXPELLED };
}

/** Another has put it to sleep, and it is not to wake by itself. */
export function isExpelled(state: ClusterState, peer: string): boolean {
  return state.settings.get(sleepKey(peer)) === EXPELLED;
}

/** What says that a peer is awake. */
export function awake(peer: string): CommandOf<"set"> {
  return { type: "set", key: sleepKey(peer), value: null };
}

/** From when this is done the prime takes the peer's vote away as soon as the others can do without it. Never rejects. */
export function goToSleep(shared: SharedState, peer: string, options: { timeoutMs: number }): Promise<Submitted> {
  return shared.submit({ type: "set", key: sleepKey(peer), value: "asleep" }, options);
}

/** It may vote again once it has caught up. Never rejects. */
export function wakeUp(shared: SharedState, peer: string, options: { timeoutMs: number }): Promise<Submitted> {
  return shared.submit(awake(peer), options);
}
