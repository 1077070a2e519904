/**
 * Who is to have no vote, as the replicated state says, so that whoever is prime knows: hosts that sleep say so before, and when
 * they are back; who leaves says so first, and so does who drains; and who is to be revoked is marked by others.
 */
import type { SharedState, Submitted } from "../consensus/shared-state.ts";
import type { ClusterState } from "../state/model.ts";
import type { CommandOf } from "../state/schemas.ts";

const sleepKey = (peer: string): string => `asleep/${peer}`;
const ASLEEP = "asleep";
const LEAVING = "leaving";
const DRAINING = "draining";
/** With the peer id of whoever wants to revoke it. */
const EXPELLED = "expelled by ";

/** Whether a key says that somebody is to have no vote. */
export function isSleep(key: string): boolean {
  return key.startsWith(sleepKey(""));
}

/** Whether it is to have no vote, for whatever reason. */
export function restsVote(state: ClusterState, peer: string): boolean {
  return state.settings.has(sleepKey(peer));
}

/** Its host has said that it sleeps. */
export function isAsleep(state: ClusterState, peer: string): boolean {
  return state.settings.get(sleepKey(peer)) === ASLEEP;
}

/** It has said that it leaves. */
export function isLeaving(state: ClusterState, peer: string): boolean {
  return state.settings.get(sleepKey(peer)) === LEAVING;
}

/** It has said that it drains: others do what it did, and it stays. */
export function isDraining(state: ClusterState, peer: string): boolean {
  return state.settings.get(sleepKey(peer)) === DRAINING;
}

/** Who is to have no vote, whether it belongs or not. */
export function sleepersIn({ settings }: ClusterState): readonly string[] {
  const prefix = sleepKey("");
  return [...settings.range({ from: prefix })]
    .map(([key]) => key)
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length));
}

/** What takes a peer's vote away whatever it says itself, as soon as the others can do without: `by` is about to revoke it. */
export function takeVote(peer: string, by: string): CommandOf<"set"> {
  return { type: "set", key: sleepKey(peer), value: `${EXPELLED}${by}` };
}

/** Another takes its vote, and it is not to ask for it by itself. */
export function isExpelled(state: ClusterState, peer: string): boolean {
  return expellerOf(state, peer) !== undefined;
}

/** Who is about to revoke it. */
export function expellerOf(state: ClusterState, peer: string): string | undefined {
  const word = state.settings.get(sleepKey(peer));
  return word?.startsWith(EXPELLED) === true ? word.slice(EXPELLED.length) : undefined;
}

/** What says that a peer leaves: from when that is agreed on its vote goes as if it slept. */
export function leaving(peer: string): CommandOf<"set"> {
  return { type: "set", key: sleepKey(peer), value: LEAVING };
}

/** What says that a peer drains: from when that is agreed on its vote goes as if it slept. */
export function draining(peer: string): CommandOf<"set"> {
  return { type: "set", key: sleepKey(peer), value: DRAINING };
}

/** What says that a peer is awake, and stays. */
export function awake(peer: string): CommandOf<"set"> {
  return { type: "set", key: sleepKey(peer), value: null };
}

/** From when this is done the prime takes the peer's vote away as soon as the others can do without it. Never rejects. */
export function goToSleep(shared: SharedState, peer: string, options: { timeoutMs: number }): Promise<Submitted> {
  return shared.submit({ type: "set", key: sleepKey(peer), value: ASLEEP }, options);
}

/** It may vote again once it has caught up. Never rejects. */
export function wakeUp(shared: SharedState, peer: string, options: { timeoutMs: number }): Promise<Submitted> {
  return shared.submit(awake(peer), options);
}
