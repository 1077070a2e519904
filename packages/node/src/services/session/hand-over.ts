/** How a session came from one place to the next: kept with it, so that whoever looks can tell why it is where it is. */
import * as z from "zod";

/**
 * `host-died`: the peer where it lived is gone; `drained`: that peer gave up what it has, as it drained or stopped in order; `balance`: its shard
 * went to another peer that both know; `restarted`: the same peer, started anew; `entry-changed`: its client came through another
 * peer; `continued`: another client of its account has taken it up on purpose.
 */
export const handOverReasons = ["host-died", "drained", "balance", "restarted", "entry-changed", "continued"] as const;
export type HandOverReason = (typeof handOverReasons)[number];

/** From and to: peers by their ids; of `continued` clients by theirs. */
export interface HandOver {
  /** Milliseconds since 1970, by the clock of the host that took over. */
  readonly atMs: number;
  readonly from: string;
  readonly to: string;
  readonly why: HandOverReason;
}

/** Of more, the latest are kept. */
export const HAND_OVERS_MAX = 8;

const name = z.string().min(1).max(128);
export const handOverSchema = z.object({
  atMs: z.number().min(0).max(8.64e15),
  from: name,
  to: name,
  why: z.enum(handOverReasons),
});

/** What tells of the peer where a session lived before. */
export interface KnownPeer {
  readonly peerId: string;
  readonly isSelf: boolean;
  readonly isOnline: boolean;
  readonly isDraining?: boolean;
}

/** Why a session is here that lived at `from`. One that nobody knows any more has left, or was revoked: it is gone as well. */
export function whyMoved(peers: readonly KnownPeer[], from: string): HandOverReason {
  const found = peers.find(({ peerId }) => peerId === from);
  if (found?.isSelf === true) return "restarted";
  if (found?.isDraining === true) return "drained";
  return found?.isOnline === true ? "balance" : "host-died";
}

/** For balance alone nothing is moved in the middle of a turn: who gave that up was stopping, and had no time to say so. */
export function asCut(why: HandOverReason, wasCut: boolean): HandOverReason {
  return wasCut && why === "balance" ? "drained" : why;
}

/** The latest of them, and who has taken it up last. */
export function withHandOver(before: readonly HandOver[], next: HandOver): readonly HandOver[] {
  const all = [...before, next];
  const latest = all.slice(-HAND_OVERS_MAX);
  const taken = all.findLast(({ why }) => why === "continued");
  return taken === undefined || latest.includes(taken) ? latest : [taken, ...latest.slice(1)];
}

/** Whether another client has taken it up since this one had it: who only comes again does not take it back. */
export function isTakenFrom(clientId: string, handOvers: readonly HandOver[]): boolean {
  const taken = handOvers.findLast(({ why }) => why === "continued");
  return taken !== undefined && taken.to !== clientId;
}
