/** One service held against one request: whether it may do it, and when it would be done. */
import type { Entry } from "./entry.ts";
import { isIndifferent, knownQueueMsOf, networkMs, queueMsOf, scoreOf, tierOf, weightOf, workMs } from "./estimate.ts";
import type { BreakerView, Fleet } from "./fleet.ts";
import { ROUND_TRIP_MS } from "./priors.ts";
import { ruleAgainst, type Rule } from "./rules.ts";
import { standingOf } from "./standing.ts";
import type { Wish } from "./wish.ts";

export interface Judgement {
  readonly entry: Entry;
  /** The rule that forbids it; undefined: it may. What follows counts only then. */
  readonly rule: Rule | undefined;
  readonly isHere: boolean;
  readonly breaker: BreakerView | undefined;
  readonly roundTripMs: number;
  readonly queueMs: number;
  /** Without what others may have sent since. */
  readonly knownQueueMs: number;
  readonly workMs: number;
  readonly networkMs: number;
  readonly weight: number;
  readonly tier: number;
  /** Less is better, among those of one tier. */
  readonly score: number;
}

export function judge(wish: Wish, entry: Entry, fleet: Fleet): Judgement {
  const { peer, capability } = entry.advert;
  const isHere = peer === fleet.self;
  const breaker = fleet.breaker?.(peer, capability);
  const inFlight = fleet.inFlight?.(peer, capability);
  const queueMs = queueMsOf(entry, fleet.nowMs, inFlight);
  // Mostly nobody asks for it.
  const knownQueueMs = queueMs > wish.patienceMs ? knownQueueMsOf(entry, fleet.nowMs, inFlight) : queueMs;
  const roundTripMs = isHere ? 0 : (fleet.roundTripMs(peer) ?? ROUND_TRIP_MS);
  const rule = ruleAgainst(wish, entry, fleet, { knownQueueMs, roundTripMs, breaker });
  const work = workMs(wish, entry);
  const network = networkMs(wish, roundTripMs);
  const weight = weightOf(wish, entry, fleet.self);
  return {
    entry,
    rule,
    isHere,
    breaker,
    roundTripMs,
    queueMs,
    knownQueueMs,
    workMs: work,
    networkMs: network,
    weight,
    tier: tierOf(wish, entry, fleet.self),
    score: scoreOf(queueMs + work + network, weight, isHere),
  };
}

/** A first look at all services of a list, in its order. */
export interface FirstLook {
  /** Scores at least as good as what {@link judge} finds: without the way, and without what was sent meanwhile. */
  readonly bounds: Float64Array;
  readonly tiers: Int32Array;
}

export function lookAt(wish: Wish, entries: readonly Entry[], { services, nowMs, self }: Fleet): FirstLook {
  const bounds = services.doneMs(wish.request.capability, nowMs, wish.size);
  const tiers = new Int32Array(bounds.length);
  const isPlain = isIndifferent(wish);
  const hasTurn = wish.turnPeer !== undefined;
  for (let at = 0; at < bounds.length; at += 1) {
    const entry = entries[at];
    if (entry === undefined) continue;
    const standing = standingOf(wish.policy, entry, self);
    tiers[at] = hasTurn ? tierOf(wish, entry, self) : standing.tier;
    // Whoever is here would do without the way.
    bounds[at] = scoreOf(bounds[at] ?? 0, isPlain ? standing.weight : weightOf(wish, entry, self), true);
  }
  return { bounds, tiers };
}

/** Which of two that may is better; two services are never equal. */
export function compare(a: Judgement, b: Judgement): number {
  if (a.tier !== b.tier) return a.tier - b.tier;
  if (a.score !== b.score) return a.score - b.score;
  if (a.isHere !== b.isHere) return a.isHere ? -1 : 1;
  const [left, right] = [a.entry.advert, b.entry.advert];
  if (left.peer !== right.peer) return left.peer < right.peer ? -1 : 1;
  return left.model < right.model ? -1 : left.model > right.model ? 1 : 0;
}
