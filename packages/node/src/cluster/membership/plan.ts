/**
 * Who should vote. Pure: the same view gives the same step. Of all sets of up to five voters that could decide at once with
 * who is alive, the one is wanted that
 *
 * 1. can lose the most hosts and still decide;
 * 2. keeps what is agreed on two hosts at least: with two members both vote, though neither may fail then;
 * 3. has an odd number: one more would only have to be asked;
 * 4. has the most hosts that are always on;
 * 5. changes the least: what is as good stays as it is, so nothing goes to and fro.
 *
 * Who sleeps, has left or was revoked votes no longer as soon as the others can do without. Who went silent keeps its vote
 * for a while, and for good while nobody better is there. It stays a learner after that: whoever returns learns first.
 */
import type { ConfChangeStep, NodeId } from "@parley/raft";
import {
  majority,
  MEMBERSHIP_TIMING,
  type MembershipStep,
  type MembershipTiming,
  type MembershipView,
  type Standing,
} from "./view.ts";

export const MAX_VOTERS = 5;
/** Of learners, as many as could all become voters. */
const MAX_CANDIDATES = MAX_VOTERS;
const MAX_STEADY_MS = 10 * 60_000;

/** The next step; undefined when all is as it should be, or nothing can be done now. */
export function planMembership(
  view: MembershipView,
  timing: MembershipTiming = MEMBERSHIP_TIMING,
): MembershipStep | undefined {
  if (view.isChanging) return undefined;
  const plan = new Plan(view, timing);
  if (!plan.canDecide(view.voters)) return undefined;
  return plan.handOver() ?? plan.revote() ?? plan.addLearner() ?? plan.dropStranger();
}

class Plan {
  readonly #view: MembershipView;
  readonly #timing: MembershipTiming;
  readonly #standings: ReadonlyMap<NodeId, Standing>;

  constructor(view: MembershipView, timing: MembershipTiming) {
    this.#view = view;
    this.#timing = timing;
    this.#standings = new Map(view.standings.map((standing) => [standing.node, standing]));
  }

  /** With those that are alive right now. */
  canDecide(voters: readonly NodeId[]): boolean {
    return voters.filter((node) => this.#isAlive(node)).length >= majority(voters.length);
  }

  /** A prime that is to give up its vote lets another one lead first. */
  handOver(): MembershipStep | undefined {
    const { prime, voters } = this.#view;
    if (this.#mayVote(prime)) return undefined;
    const heirs = voters.filter((node) => node !== prime && this.#mayVote(node) && this.#isReady(node));
    const [to] = this.#ranked(heirs);
    return to === undefined ? undefined : { kind: "hand-over", to, why: `${this.#reason(prime)}, and is prime` };
  }

  revote(): MembershipStep | undefined {
    const { voters, prime } = this.#view;
    const mayStay = voters.filter((node) => this.#mayVote(node) || node === prime);
    const fresh = this.#ranked(this.#view.learners.filter((node) => this.#mayVote(node) && this.#isReady(node)));
    if (this.#isBestAlready(mayStay, fresh)) return undefined;
    const pool = this.#ranked([...mayStay, ...fresh.slice(0, MAX_CANDIDATES)]).map((node) => this.#worth(node));
    let best: { readonly set: readonly Worth[]; readonly merits: readonly number[] } | undefined;
    for (const set of subsets(pool, MAX_VOTERS)) {
      const alive = set.reduce((sum, { isAlive }) => sum + isAlive, 0);
      if (alive < majority(set.length) || !set.some(({ node }) => node === prime)) continue;
      const merits = meritsOf(set, voters.length);
      // Sets come in the order of their members' ranks: the first of equals is the best.
      if (best === undefined || isGreater(merits, best.merits)) best = { set, merits };
    }
    if (best === undefined) return undefined;
    const steps = this.#difference(best.set.map(({ node }) => node));
    return steps.length === 0 ? undefined : { kind: "change", steps, why: this.#why(steps) };
  }

  /** A member that does not take part yet. One at a time, so that one snapshot travels at a time. */
  addLearner(): MembershipStep | undefined {
    const { voters, learners, standings } = this.#view;
    const missing = standings.find(
      ({ node, belongs }) => belongs && !voters.includes(node) && !learners.includes(node),
    );
    if (missing === undefined) return undefined;
    return { kind: "change", steps: [{ operation: "add-learner", node: missing.node }], why: "a new member learns" };
  }

  dropStranger(): MembershipStep | undefined {
    const node = this.#view.learners.find((learner) => this.#standings.get(learner)?.belongs !== true);
    if (node === undefined) return undefined;
    return { kind: "change", steps: [{ operation: "remove", node }], why: this.#reason(node) };
  }

  /** What nearly always holds, without a look at hundreds of sets. */
  #isBestAlready(mayStay: readonly NodeId[], fresh: readonly NodeId[]): boolean {
    const { voters } = this.#view;
    if (mayStay.length < voters.length || !voters.every((node) => this.#counts(node))) return false;
    if (voters.length > MAX_VOTERS || voters.length === 4) return false;
    if (fresh.length === 0) return true;
    const isFull = voters.length === MAX_VOTERS;
    return isFull && (voters.every((node) => this.#isSettled(node)) || !fresh.some((node) => this.#isSettled(node)));
  }

  #worth(node: NodeId): Worth {
    return {
      node,
      isAlive: this.#isAlive(node) ? 1 : 0,
      counts: this.#counts(node) ? 1 : 0,
      isVoter: this.#view.voters.includes(node) ? 1 : 0,
      isSettled: this.#isSettled(node) ? 1 : 0,
    };
  }

  /** Whoever went silent a moment ago may be back at once. */
  #counts(node: NodeId): boolean {
    const standing = this.#standings.get(node);
    return standing !== undefined && (standing.isAlive || standing.forMs < this.#timing.replaceAfterMs);
  }

  #isAlive(node: NodeId): boolean {
    return this.#standings.get(node)?.isAlive === true;
  }

  #mayVote(node: NodeId): boolean {
    const standing = this.#standings.get(node);
    return standing?.belongs === true && !standing.isAsleep;
  }

  #isReady(node: NodeId): boolean {
    const standing = this.#standings.get(node);
    if (standing?.isAlive !== true || !standing.isCaughtUp) return false;
    if (this.#view.voters.includes(node)) return true;
    return standing.forMs >= Math.min(MAX_STEADY_MS, this.#timing.steadyMs * 2 ** standing.departures);
  }

  /** Of voters it counts whatever they did lately: their place is not to be had by waiting. */
  #isSettled(node: NodeId): boolean {
    const standing = this.#standings.get(node);
    if (standing?.isAlwaysOn !== true) return false;
    return this.#view.voters.includes(node) || standing.forMs >= this.#timing.settledMs;
  }

  /** Best first: always on, seldom gone, long there. Numbers last, so that no two are equal. */
  #ranked(nodes: readonly NodeId[]): readonly NodeId[] {
    const of = (node: NodeId): readonly number[] => {
      const standing = this.#standings.get(node);
      return [standing?.isAlwaysOn === true ? 0 : 1, standing?.departures ?? 0, -(standing?.forMs ?? 0), node];
    };
    return nodes.toSorted((one, other) => {
      const [ranks, others] = [of(one), of(other)];
      const at = ranks.findIndex((rank, i) => rank !== others[i]);
      return at < 0 ? 0 : (ranks[at] ?? 0) - (others[at] ?? 0);
    });
  }

  #difference(wanted: readonly NodeId[]): readonly ConfChangeStep[] {
    const { voters } = this.#view;
    const added = wanted.filter((node) => !voters.includes(node));
    const dropped = voters.filter((node) => !wanted.includes(node));
    return [
      ...added.map((node) => ({ operation: "add-voter" as const, node })),
      ...dropped.map((node) => {
        const belongs = this.#standings.get(node)?.belongs === true;
        return { operation: belongs ? ("add-learner" as const) : ("remove" as const), node };
      }),
    ];
  }

  #why(steps: readonly ConfChangeStep[]): string {
    const lost = steps.filter(({ operation }) => operation !== "add-voter").map(({ node }) => this.#reason(node));
    const won = steps
      .filter(({ operation }) => operation === "add-voter")
      .map(({ node }) => `${node} is ready to vote`);
    return [...lost, ...won].join("; ");
  }

  #reason(node: NodeId): string {
    const standing = this.#standings.get(node);
    if (standing?.belongs !== true) return `${node} does not belong any more`;
    if (standing.isAsleep) return `${node} sleeps`;
    if (!standing.isAlive) return `${node} has been silent for ${Math.round(standing.forMs / 1_000)} s`;
    return `${node} is not needed to vote`;
  }
}

/** What a host would bring to a set of voters: zero or one of each, to be added up. */
interface Worth {
  readonly node: NodeId;
  readonly isAlive: number;
  /** Alive, or silent for a moment only. */
  readonly counts: number;
  readonly isVoter: number;
  readonly isSettled: number;
}

/** In the order of their weight: see the head of this file. */
function meritsOf(set: readonly Worth[], votersNow: number): readonly number[] {
  let [counted, kept, settled] = [0, 0, 0];
  for (const { counts, isVoter, isSettled } of set) {
    counted += counts;
    kept += isVoter;
    settled += isSettled;
  }
  const changes = set.length - kept + (votersNow - kept);
  const isOdd = set.length <= 2 || set.length % 2 === 1 ? 1 : 0;
  return [counted - majority(set.length), Math.min(2, counted), isOdd, settled, -changes];
}

function isGreater(merits: readonly number[], than: readonly number[]): boolean {
  const at = merits.findIndex((merit, i) => merit !== than[i]);
  return at >= 0 && (merits[at] ?? 0) > (than[at] ?? 0);
}

/** All sets of one to `max` of them, in their order. */
function* subsets<Item>(items: readonly Item[], max: number): Generator<readonly Item[]> {
  const [first, ...rest] = items;
  if (first === undefined || max === 0) return;
  yield [first];
  for (const set of subsets(rest, max - 1)) yield [first, ...set];
  yield* subsets(rest, max);
}
