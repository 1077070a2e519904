/** When a service would be done: waiting, working, and the way there; and what speaks for or against it beside. */
import { workMsOf, type Entry } from "./directory.ts";
import type { Fleet, InFlight } from "./fleet.ts";
import { ROUND_TRIPS } from "./priors.ts";
import { isMeant, type Wish } from "./wish.ts";

/**
 * How long a job waits before a service begins with it. What the service said is taken to have been worked on ever since;
 * what this router has sent meanwhile, and the service could not count yet, comes on top: else everybody sends everything to the
 * one that looked idle a moment ago.
 */
export function queueMsOf(entry: Entry, nowMs: number, inFlight: InFlight | undefined): number {
  const jobs = entry.jobs + (inFlight?.jobs ?? 0);
  const { concurrency } = entry;
  if (jobs < concurrency || concurrency <= 0) return 0;
  const since = Math.max(0, nowMs - entry.atMs);
  const worked = since * Math.min(concurrency, entry.jobs);
  const leftMs = Math.max(0, entry.backlogMs - worked) + (inFlight?.workMs ?? 0);
  // Until enough of the jobs before it have left: each of them leaves after as much as the others, and `concurrency` at once work.
  return (leftMs * (jobs - concurrency + 1)) / (jobs * concurrency);
}

/** Compute time of the job there. */
export function workMs(wish: Wish, entry: Entry): number {
  return workMsOf(entry.costs, wish.size) * entry.slowness;
}

export function networkMs(wish: Wish, roundTripMs: number): number {
  return roundTripMs * ROUND_TRIPS[wish.request.capability];
}

/** What counts for or against a service beside its time. */
export interface Favour {
  /** Above 1: for it. */
  readonly factor: number;
  readonly why: string;
}

/** Each piece of hardware that would have been better. */
const WITHOUT_PREFERRED = 0.8;
const NOT_ITS_CLASS = 0.7;
/** Work that can wait is not done from a battery while somebody else has the mains. */
const BATTERY = 0.6;
/** Another takes a session over when it is better by more than this: who is nearly as good would take it to and fro. */
const SAME_SESSION = 1.25;

/** The product of all {@link favoursOf}, without a word of them: for decisions. */
export function weightOf(wish: Wish, entry: Entry, fleet: Fleet): number {
  let weight = 1;
  for (const tag of wish.prefers) if (!entry.hardware.has(tag)) weight *= WITHOUT_PREFERRED;
  if (wish.prefersClass !== undefined && !entry.classes.has(wish.prefersClass)) weight *= NOT_ITS_CLASS;
  if (!wish.isInteractive && entry.advert.power === "battery") weight *= BATTERY;
  if (wish.stayWith === entry.advert.peer) weight *= SAME_SESSION;
  for (const [target, factor] of wish.weights) if (isMeant(target, entry, fleet.self)) weight *= factor;
  return weight;
}

/** What {@link weightOf} is made of, in words. */
export function favoursOf(wish: Wish, entry: Entry, fleet: Fleet): readonly Favour[] {
  const favours: Favour[] = [];
  for (const tag of wish.prefers) {
    if (!entry.hardware.has(tag)) favours.push({ factor: WITHOUT_PREFERRED, why: `no ${tag}` });
  }
  if (wish.prefersClass !== undefined && !entry.classes.has(wish.prefersClass)) {
    favours.push({ factor: NOT_ITS_CLASS, why: `not meant for ${wish.prefersClass}` });
  }
  if (!wish.isInteractive && entry.advert.power === "battery") favours.push({ factor: BATTERY, why: "on battery" });
  if (wish.stayWith === entry.advert.peer) favours.push({ factor: SAME_SESSION, why: "has the session" });
  for (const [target, factor] of wish.weights) {
    if (isMeant(target, entry, fleet.self)) favours.push({ factor, why: `policy: ${target}` });
  }
  return favours;
}

/** Nothing is done in no time: what counts for and against would not count. */
const LEAST_MS = 0.1;
/** Of two that are as good the one that is here is taken: what crosses no network cannot get lost on it. */
const ELSEWHERE_FACTOR = 1.03;
const ELSEWHERE_MS = 1;

/** What is compared: less is better. */
export function scoreOf(totalMs: number, weight: number, isHere: boolean): number {
  const ms = Math.max(LEAST_MS, totalMs);
  return (isHere ? ms : ms * ELSEWHERE_FACTOR + ELSEWHERE_MS) / weight;
}

/** Which group of the policy's a service belongs to: who has the turn, who is preferred in order, everybody else. */
export function tierOf(wish: Wish, entry: Entry, fleet: Fleet): number {
  if (wish.turnPeer === entry.advert.peer) return -1;
  const { prefer } = wish.policy;
  if (prefer === undefined) return 0;
  const at = prefer.findIndex((target) => isMeant(target, entry, fleet.self));
  return at === -1 ? prefer.length : at;
}
