/**
 * The decision: of all services that may do a job, the one that is expected to be done first. Pure; never throws; the same question
 * has the same answer.
 */
import type { Advert } from "./advert.ts";
import type { Entry } from "./directory.ts";
import { MOST_MOVES, type Terms } from "./admission.ts";
import {
  favoursOf,
  networkMs,
  queueMsOf,
  scoreOf,
  tierOf,
  totalOf,
  weightOf,
  workMs,
  type Favour,
} from "./estimate.ts";
import type { Fleet } from "./fleet.ts";
import { ROUND_TRIP_MS } from "./priors.ts";
import type { RouteRequest } from "./request.ts";
import { ruleAgainst, whyNot, type Circumstances, type Rule } from "./rules.ts";
import { wishOf, type Wish } from "./wish.ts";

/** Expected time until the job is done, from now, and what it is made of. */
export interface Expected {
  readonly queueMs: number;
  readonly workMs: number;
  readonly networkMs: number;
  readonly totalMs: number;
}

/** A service that may do the job. */
export interface Candidate {
  readonly advert: Advert;
  readonly isHere: boolean;
  readonly expected: Expected;
  /** 0: comes first whatever its score; of those with the same the least score is the best. */
  readonly tier: number;
  readonly weight: number;
  readonly favours: readonly Favour[];
  /** Expected time in the light of the weights: less is better. */
  readonly score: number;
}

/** A service that does not, and why. */
export interface Exclusion {
  readonly advert: Advert;
  readonly rule: Rule;
  /** For people, without a stop at its end. */
  readonly why: string;
}

/** Why nobody does it. */
export interface Refusal {
  /** `no-engine`: nobody in the cluster can; `engines-busy`: who can is busy; `engines-failing`: who can has failed or is away. */
  readonly code: "no-engine" | "engines-busy" | "engines-failing";
  readonly message: string;
  /** When asking again may help; undefined: nobody knows. */
  readonly retryAfterMs: number | undefined;
}

export interface Decision {
  readonly request: RouteRequest;
  /** Who is to do it; undefined: see {@link refusal}. */
  readonly best: Candidate | undefined;
  /** All who may, the best first. */
  readonly candidates: readonly Candidate[];
  /** All others that offer such a service. */
  readonly excluded: readonly Exclusion[];
  readonly refusal: Refusal | undefined;
  /** What goes with the job to the best. @param moves how often it was sent on already */
  terms(moves?: number): Terms | undefined;
}

/** Decides who does `request`. What is in `fleet` may change afterwards: the decision stays as it is. */
export function decide(request: RouteRequest, fleet: Fleet): Decision {
  return new Choice(request, fleet);
}

/** Who is taken to be nearly as good as the best: by what it was a moment ago it would take at most so many times as long. */
const NEARLY = 2;
/** How much rarer those are taken that seem to be slower: 4 takes one that seems to take twice as long at one of 17 times. */
const STEEPNESS = 4;
/** What another has to be better by to be worth the way there. */
const WORTH_MS = 5;

/** What was computed of one service. */
const FIELDS = 5;
const [QUEUE, WORK, ROUND_TRIP, WEIGHT, SCORE] = [0, 1, 2, 3, 4] as const;

class Choice implements Decision {
  readonly request: RouteRequest;
  readonly #wish: Wish;
  readonly #fleet: Fleet;
  readonly #entries: readonly Entry[];
  readonly #values: Float64Array;
  readonly #tiers: Int32Array;
  readonly #against: (Rule | undefined)[] = [];
  readonly #breakers = new Map<number, NonNullable<Circumstances["breaker"]>>();
  readonly #best: number;
  #candidates: readonly Candidate[] | undefined;
  #excluded: readonly Exclusion[] | undefined;

  constructor(request: RouteRequest, fleet: Fleet) {
    this.request = request;
    this.#wish = wishOf(request, fleet);
    this.#fleet = { ...fleet };
    this.#entries = fleet.services.of(request.capability);
    this.#values = new Float64Array(this.#entries.length * FIELDS);
    this.#tiers = new Int32Array(this.#entries.length);
    for (let at = 0; at < this.#entries.length; at += 1) this.#judge(at);
    this.#best = this.#spread(this.#first());
  }

  get best(): Candidate | undefined {
    return this.#best === -1 ? undefined : this.#candidate(this.#best);
  }

  get candidates(): readonly Candidate[] {
    return (this.#candidates ??= this.#open()
      .toSorted((a, b) => (a === this.#best ? -1 : b === this.#best ? 1 : this.#compare(a, b)))
      .map((at) => this.#candidate(at)));
  }

  get excluded(): readonly Exclusion[] {
    return (this.#excluded ??= this.#entries.flatMap((entry, at) => {
      const rule = this.#against[at];
      if (rule === undefined) return [];
      const why = whyNot(rule, this.#wish, entry, this.#circumstances(at), this.#fleet.nowMs);
      return [{ advert: entry.advert, rule, why }];
    }));
  }

  get refusal(): Refusal | undefined {
    if (this.#best !== -1) return undefined;
    const { capability } = this.request;
    const now = new Set(this.#against);
    if (now.has("busy")) {
      return {
        code: "engines-busy",
        message: `everybody who could do this ${capability} has as much to do as can be waited for`,
        retryAfterMs: this.#retryAfterMs(),
      };
    }
    const isFailing = now.has("breaker") || now.has("unreachable") || now.has("excluded") || now.has("stopped");
    return isFailing
      ? {
          code: "engines-failing",
          message: `everybody who could do this ${capability} has failed or cannot be reached`,
          retryAfterMs: undefined,
        }
      : { code: "no-engine", message: `no peer can do this ${capability}`, retryAfterMs: undefined };
  }

  terms(moves = 0): Terms | undefined {
    const best = this.#best;
    if (best === -1) return undefined;
    const patienceMs = this.#wish.patienceMs;
    const workMs = this.#value(best, WORK);
    const next = this.#second();
    if (moves >= MOST_MOVES || next === -1) return { workMs, patienceMs, moveAboveMs: Infinity };
    const isHere = this.#entries[best]?.advert.peer === this.#fleet.self;
    const network = networkMs(this.#wish, this.#value(best, ROUND_TRIP));
    const equalMs = totalOf(this.#value(next, SCORE), this.#value(best, WEIGHT), isHere);
    // Being sent on costs the way back and there again.
    const moveAboveMs = equalMs - network - workMs + this.#value(best, ROUND_TRIP) + WORTH_MS;
    return { workMs, patienceMs, moveAboveMs: Math.max(0, moveAboveMs) };
  }

  /** The best of the others that are as much preferred; -1: nobody. */
  #second(): number {
    let second = -1;
    for (let at = 0; at < this.#entries.length; at += 1) {
      if (at === this.#best || this.#against[at] !== undefined || this.#tiers[at] !== this.#tiers[this.#best]) continue;
      if (second === -1 || this.#compare(at, second) < 0) second = at;
    }
    return second;
  }

  /** When the first of those that are busy could begin in time. */
  #retryAfterMs(): number {
    let least = Infinity;
    for (const [at, rule] of this.#against.entries()) {
      if (rule === "busy") least = Math.min(least, this.#value(at, QUEUE) - this.#wish.patienceMs);
    }
    return Math.max(0, least);
  }

  #judge(at: number): void {
    const [fleet, wish, entry] = [this.#fleet, this.#wish, this.#entries[at]];
    if (entry === undefined) return;
    const { peer } = entry.advert;
    const { capability } = this.request;
    const isHere = peer === fleet.self;
    const breaker = fleet.breaker?.(peer, capability);
    const queueMs = queueMsOf(entry, fleet.nowMs, fleet.inFlight?.(peer, capability));
    const roundTripMs = isHere ? 0 : (fleet.roundTripMs(peer) ?? ROUND_TRIP_MS);
    const rule = ruleAgainst(wish, entry, fleet, { queueMs, roundTripMs, breaker });
    this.#against.push(rule);
    if (breaker !== undefined) this.#breakers.set(at, breaker);
    const from = at * FIELDS;
    this.#values[from + QUEUE] = queueMs;
    this.#values[from + ROUND_TRIP] = roundTripMs;
    if (rule !== undefined) return;
    const work = workMs(wish, entry);
    const weight = weightOf(wish, entry, fleet);
    this.#values[from + WORK] = work;
    this.#values[from + WEIGHT] = weight;
    this.#values[from + SCORE] = scoreOf(queueMs + work + networkMs(wish, roundTripMs), weight, isHere);
    this.#tiers[at] = tierOf(wish, entry, fleet);
  }

  /** The best by tier and score; -1: nobody may. */
  #first(): number {
    let best = -1;
    for (let at = 0; at < this.#entries.length; at += 1) {
      if (this.#against[at] === undefined && (best === -1 || this.#compare(at, best) < 0)) best = at;
    }
    return best;
  }

  /** One of those elsewhere that are nearly as good: other routers decide by the same adverts, and would all take the same. */
  #spread(best: number): number {
    const { random, self } = this.#fleet;
    const isHere = this.#entries[best]?.advert.peer === self;
    if (random === undefined || best === -1 || isHere || this.#tiers[best] === -1) return best;
    const limit = this.#value(best, SCORE) * NEARLY;
    const near = this.#open().filter((at) => this.#tiers[at] === this.#tiers[best] && this.#value(at, SCORE) <= limit);
    const chances = near.map((at) => (this.#value(best, SCORE) / this.#value(at, SCORE)) ** STEEPNESS);
    let left = random() * chances.reduce((sum, chance) => sum + chance, 0);
    const chosen = chances.findIndex((chance) => (left -= chance) <= 0);
    return near[chosen] ?? best;
  }

  #open(): number[] {
    return [...this.#entries.keys()].filter((at) => this.#against[at] === undefined);
  }

  /** Total: two services are never equal. */
  #compare(a: number, b: number): number {
    const byTier = (this.#tiers[a] ?? 0) - (this.#tiers[b] ?? 0);
    if (byTier !== 0) return byTier;
    const byScore = this.#value(a, SCORE) - this.#value(b, SCORE);
    if (byScore !== 0) return byScore;
    const [left, right] = [this.#entries[a]?.advert, this.#entries[b]?.advert];
    if (left === undefined || right === undefined) return a - b;
    const [isLeft, isRight] = [left.peer === this.#fleet.self, right.peer === this.#fleet.self];
    if (isLeft !== isRight) return isLeft ? -1 : 1;
    return left.peer < right.peer ? -1 : left.peer > right.peer ? 1 : left.model < right.model ? -1 : 1;
  }

  #candidate(at: number): Candidate {
    const entry = this.#entries[at];
    if (entry === undefined) throw new RangeError(`there is no service ${at}`);
    const [queueMs, work] = [this.#value(at, QUEUE), this.#value(at, WORK)];
    const network = networkMs(this.#wish, this.#value(at, ROUND_TRIP));
    return {
      advert: entry.advert,
      isHere: entry.advert.peer === this.#fleet.self,
      expected: { queueMs, workMs: work, networkMs: network, totalMs: queueMs + work + network },
      tier: this.#tiers[at] ?? 0,
      weight: this.#value(at, WEIGHT),
      favours: favoursOf(this.#wish, entry, this.#fleet),
      score: this.#value(at, SCORE),
    };
  }

  #circumstances(at: number): Circumstances {
    const breaker = this.#breakers.get(at);
    return { queueMs: this.#value(at, QUEUE), roundTripMs: this.#value(at, ROUND_TRIP), breaker };
  }

  #value(at: number, field: number): number {
    return this.#values[at * FIELDS + field] ?? 0;
  }
}
