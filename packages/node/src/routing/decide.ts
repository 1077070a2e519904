/**
 * The decision: of all services that may do a job, the one that is expected to be done first. Pure; never throws; the same question
 * has the same answer.
 */
import { MOST_MOVES, type Terms } from "./admission.ts";
import type { Advert } from "./advert.ts";
import { fadedDemand } from "./backlog.ts";
import type { Entry } from "./entry.ts";
import { favoursOf, totalOf, type Favour } from "./estimate.ts";
import type { Fleet } from "./fleet.ts";
import { compare, judge, lookAt, type Judgement } from "./judge.ts";
import type { RouteRequest } from "./request.ts";
import { whyNot, type Rule } from "./rules.ts";
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

/** {@link best} and {@link terms} are known at once; the lists are made when they are asked for, from what the fleet says then. */
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

/** Decides who does `request`. */
export function decide(request: RouteRequest, fleet: Fleet): Decision {
  return new Choice(request, fleet);
}

/** Who is taken to be nearly as good as the best: by what it was a moment ago it would take at most so many times as long. */
const NEARLY = 2;
/** What another has to be better by to be worth the way there. */
const WORTH_MS = 5;

class Choice implements Decision {
  readonly request: RouteRequest;
  readonly #wish: Wish;
  readonly #fleet: Fleet;
  readonly #entries: readonly Entry[];
  readonly #best: Judgement | undefined;
  /** The score of the next best of the best's tier, or less; Infinity: there is none. */
  readonly #next: number;
  #judged: readonly Judgement[] | undefined;

  constructor(request: RouteRequest, fleet: Fleet) {
    this.request = request;
    this.#wish = wishOf(request, fleet);
    this.#fleet = { ...fleet };
    this.#entries = fleet.services.of(request.capability);
    const { near, beyond } = shortlist(this.#wish, this.#entries, this.#fleet);
    this.#best = spread(near, this.#fleet);
    this.#next = near.reduce((least, each) => (each === this.#best ? least : Math.min(least, each.score)), beyond);
  }

  get best(): Candidate | undefined {
    return this.#best === undefined ? undefined : this.#candidate(this.#best);
  }

  get candidates(): readonly Candidate[] {
    const may = this.#all.filter(({ rule }) => rule === undefined).toSorted(compare);
    const at = may.findIndex(({ entry }) => entry === this.#best?.entry);
    // Chance may have put another than the first at the head.
    const ordered = at > 0 ? [...may.splice(at, 1), ...may] : may;
    return ordered.map((each) => this.#candidate(each));
  }

  get excluded(): readonly Exclusion[] {
    return this.#all.flatMap((each) => {
      const { entry, rule } = each;
      if (rule === undefined) return [];
      return [{ advert: entry.advert, rule, why: whyNot(rule, this.#wish, entry, each, this.#fleet.nowMs) }];
    });
  }

  get refusal(): Refusal | undefined {
    if (this.#best !== undefined) return undefined;
    const { capability } = this.request;
    const rules = new Set(this.#all.map(({ rule }) => rule));
    if (rules.has("busy")) {
      const busy = this.#all.filter(({ rule }) => rule === "busy");
      return {
        code: "engines-busy",
        message: `everybody who could do this ${capability} has as much to do as can be waited for`,
        retryAfterMs: Math.max(0, Math.min(...busy.map(({ knownQueueMs }) => knownQueueMs - this.#wish.patienceMs))),
      };
    }
    const isFailing = (["breaker", "unreachable", "excluded", "stopped"] as const).some((rule) => rules.has(rule));
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
    if (best === undefined) return undefined;
    const { patienceMs } = this.#wish;
    const { workMs, networkMs, roundTripMs, weight, isHere } = best;
    const terms = { workMs, patienceMs, ...(this.#wish.turnPeer === best.entry.advert.peer ? { hasTurn: true } : {}) };
    if (moves >= MOST_MOVES || this.#next === Infinity) return { ...terms, moveAboveMs: Infinity };
    // Being sent on costs the way back and there again.
    const moveAboveMs = totalOf(this.#next, weight, isHere) - networkMs - workMs + roundTripMs + WORTH_MS;
    return { ...terms, moveAboveMs: Math.max(0, moveAboveMs) };
  }

  get #all(): readonly Judgement[] {
    return (this.#judged ??= this.#entries.map((entry) => judge(this.#wish, entry, this.#fleet)));
  }

  #candidate({ entry, isHere, queueMs, workMs, networkMs, tier, weight, score }: Judgement): Candidate {
    return {
      advert: entry.advert,
      isHere,
      expected: { queueMs, workMs, networkMs, totalMs: queueMs + workMs + networkMs },
      tier,
      weight,
      favours: favoursOf(this.#wish, entry, this.#fleet),
      score,
    };
  }
}

interface Shortlist {
  /** The best, and those of its tier that are nearly as good. */
  readonly near: readonly Judgement[];
  /** No other of that tier has a lesser score; Infinity: there is no other. */
  readonly beyond: number;
}

/** Of a thousand services most are far too slow or too busy to be looked at closely. */
function shortlist(wish: Wish, entries: readonly Entry[], fleet: Fleet): Shortlist {
  const { bounds, tiers } = lookAt(wish, entries, fleet);
  let first = 0;
  for (let at = 0; at < entries.length; at += 1) {
    const byTier = (tiers[at] ?? 0) - (tiers[first] ?? 0);
    if (byTier < 0 || (byTier === 0 && (bounds[at] ?? 0) < (bounds[first] ?? 0))) first = at;
  }
  const judged: Judgement[] = [];
  let best: Judgement | undefined;
  let beyond = Infinity;
  // The one that looks best first: what is far behind it need not be looked at.
  for (let nth = -1; nth < entries.length; nth += 1) {
    const at = nth === -1 ? first : nth;
    const entry = entries[at];
    if (entry === undefined || nth === first) continue;
    const tier = tiers[at] ?? 0;
    const bound = bounds[at] ?? 0;
    if (best !== undefined && (tier > best.tier || (tier === best.tier && bound > best.score * NEARLY))) {
      if (tier === best.tier) beyond = Math.min(beyond, bound);
      continue;
    }
    const each = judge(wish, entry, fleet);
    if (each.rule !== undefined) continue;
    judged.push(each);
    if (best !== undefined && each.tier < best.tier) beyond = Infinity;
    if (best === undefined || compare(each, best) < 0) best = each;
  }
  if (best === undefined) return { near: [], beyond: Infinity };
  const [{ tier }, limit] = [best, best.score * NEARLY];
  const near = judged.filter((each) => each.tier === tier && each.score <= limit);
  const others = judged.filter((each) => each.tier === tier && each.score > limit);
  return { near, beyond: others.reduce((least, { score }) => Math.min(least, score), beyond) };
}

/**
 * The best; or, where chance is given, another elsewhere that is nearly as good, the rarer the slower it seems: other routers
 * decide by the same adverts, and would all take the same.
 */
function spread(near: readonly Judgement[], { random, nowMs }: Fleet): Judgement | undefined {
  let best = near[0];
  for (const each of near) if (best === undefined || compare(each, best) < 0) best = each;
  // What is here is known as it is now; whoever has the turn keeps it.
  if (best === undefined || random === undefined || best.isHere || best.tier < 0) return best;
  const squarings = squaringsFor(near, nowMs);
  let sum = 0;
  for (const { score } of near) sum += chanceOf(best.score / score, squarings);
  let left = random() * sum;
  for (const each of near) {
    left -= chanceOf(best.score / each.score, squarings);
    if (left <= 0) return each;
  }
  return best;
}

/** One that seems to take twice as long is taken at one of 17 times where much is asked of all, never where next to nothing is. */
const [LEAST_SQUARINGS, MOST_SQUARINGS] = [2, 5];

/**
 * Whoever is drawn though another seems better costs time, and saves some only where the better one has been taken meanwhile: the
 * less is asked of them all, the more rarely that is. A quarter of what they could do: the fourth power; half as much: the eighth.
 */
function squaringsFor(near: readonly Judgement[], nowMs: number): number {
  let [demand, places] = [0, 0];
  for (const { entry } of near) {
    demand += fadedDemand(entry.demand, nowMs - entry.atMs);
    places += entry.concurrency;
  }
  let squarings = LEAST_SQUARINGS;
  for (let share = demand / places; share < 0.25 && squarings < MOST_SQUARINGS; share *= 2) squarings += 1;
  return squarings;
}

/** @param ratio of the best's score to its own */
function chanceOf(ratio: number, squarings: number): number {
  let chance = ratio;
  for (let n = 0; n < squarings; n += 1) chance *= chance;
  return chance;
}
