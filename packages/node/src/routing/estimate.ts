/** When a service would be done: waiting, working, and the way there; and what speaks for or against it beside. */
import { workMsOf } from "./directory.ts";
import type { Entry } from "./entry.ts";
import type { Fleet, InFlight } from "./fleet.ts";
import { ROUND_TRIPS } from "./priors.ts";
import { queueMsAt } from "./queue.ts";
import { isMeant, standingOf } from "./standing.ts";
import type { Wish } from "./wish.ts";

/** How long a job waits before a service begins with it. */
export function queueMsOf(entry: Entry, nowMs: number, inFlight: InFlight | undefined): number {
  const { jobs, concurrency, backlogMs, demand, usualMs } = entry;
  const [sentJobs, sentMs] = inFlight === undefined ? [0, 0] : [inFlight.jobs, inFlight.workMs];
  return queueMsAt(nowMs - entry.atMs, jobs, concurrency, backlogMs, demand, usualMs, sentJobs, sentMs);
}

/** The same, without what others may have sent it since it told of its load. */
export function knownQueueMsOf(entry: Entry, nowMs: number, inFlight: InFlight | undefined): number {
  return queueMsOf({ ...entry, demand: 0 }, nowMs, inFlight);
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

/** Whether nothing but the owner's policy counts for or against anybody. */
export function isIndifferent({ prefers, prefersClass, isInteractive, stayWith }: Wish): boolean {
  return prefers.length === 0 && prefersClass === undefined && isInteractive && stayWith === undefined;
}

/** The product of all {@link favoursOf}, without a word of them: for decisions. */
export function weightOf(wish: Wish, entry: Entry, self: string): number {
  let weight = 1;
  for (const tag of wish.prefers) if (!entry.hardware.has(tag)) weight *= WITHOUT_PREFERRED;
  if (wish.prefersClass !== undefined && !entry.classes.has(wish.prefersClass)) weight *= NOT_ITS_CLASS;
  if (!wish.isInteractive && entry.advert.power === "battery") weight *= BATTERY;
  if (wish.stayWith === entry.advert.peer) weight *= SAME_SESSION;
  return weight * standingOf(wish.policy, entry, self).weight;
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
  for (const [aim, factor] of wish.policy.weights) {
    if (isMeant(aim, entry, fleet.self)) favours.push({ factor, why: `policy: ${aim.target}` });
  }
  return favours;
}

/** Nothing is done in no time: what counts for and against would not count. */
const LEAST_MS = 0.1;
/**
 * Elsewhere has to be better by more than this: what crosses no network cannot get lost on it, and measured speeds of two machines
 * that are alike differ by some percent from one job to the next. More than this costs time where others are really faster
 * (`npm run bench -- routing`).
 */
const ELSEWHERE_FACTOR = 1.1;
const ELSEWHERE_MS = 5;

/** What is compared: less is better. */
export function scoreOf(totalMs: number, weight: number, isHere: boolean): number {
  const ms = Math.max(LEAST_MS, totalMs);
  return (isHere ? ms : ms * ELSEWHERE_FACTOR + ELSEWHERE_MS) / weight;
}

/** The expected time that has that score: the way back of {@link scoreOf}. */
export function totalOf(score: number, weight: number, isHere: boolean): number {
  const ms = score * weight;
  return isHere ? ms : (ms - ELSEWHERE_MS) / ELSEWHERE_FACTOR;
}

/** Which group of the policy's a service belongs to: who has the turn, who is preferred in order, everybody else. */
export function tierOf(wish: Wish, entry: Entry, self: string): number {
  if (wish.turnPeer === entry.advert.peer) return -1;
  return standingOf(wish.policy, entry, self).tier;
}
