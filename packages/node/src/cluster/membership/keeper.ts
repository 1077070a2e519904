/** What the prime does about membership: looks every now and then, and takes one step at a time. Whoever is not prime does nothing. */
import type { Clock, Timer } from "@parley/actors";
import type { ConfChangeStep, NodeId } from "@parley/raft";
import { messageOf } from "../../errors.ts";
import { LifeBook } from "./life-book.ts";
import { planMembership } from "./plan.ts";
import type { MembershipStep, MembershipTiming, MembershipView, Standing } from "./view.ts";

/** Who takes part in consensus, and how that is changed. Behind it is the built-in engine. */
export interface MembershipPort {
  now(): MembershipNow;
  /** Settles when the change is in force, or with why it is not. Never rejects. */
  change(steps: readonly ConfChangeStep[], options: { readonly timeoutMs: number }): Promise<ChangeOutcome>;
  handOver(to: NodeId, options: { readonly timeoutMs: number }): Promise<ChangeOutcome>;
}

export type ChangeOutcome = { readonly outcome: "done" } | { readonly outcome: "failed"; readonly detail: string };

export interface MembershipNow {
  readonly self: NodeId;
  readonly isPrime: boolean;
  readonly term: number;
  readonly voters: readonly NodeId[];
  readonly learners: readonly NodeId[];
  readonly isChanging: boolean;
  /** Of the others, as the prime sees them; empty elsewhere. */
  readonly followers: ReadonlyMap<NodeId, { readonly isActive: boolean; readonly isCaughtUp: boolean }>;
}

/** A member, as the replicated state has it. */
export interface MemberFacts {
  readonly node: NodeId;
  /** Or leaves, or is to be revoked: it is to have no vote. */
  readonly isAsleep: boolean;
  readonly isAlwaysOn: boolean;
}

export interface MembershipKeeperOptions {
  readonly port: MembershipPort;
  readonly members: () => readonly MemberFacts[];
  readonly clock: Clock;
  readonly timing?: MembershipTiming;
  /** Of a prime; others only look whether they have become it, and less often. Default 250. */
  readonly everyMs?: number;
  /** Of one step. Default 5,000. */
  readonly timeoutMs?: number;
  /** A step ended. */
  readonly onStep?: (step: MembershipStep, outcome: ChangeOutcome) => void;
}

const IDLE_RATIO = 4;

export class MembershipKeeper {
  readonly #options: MembershipKeeperOptions;
  readonly #lives = new LifeBook();
  #term = -1;
  #timer: Timer | undefined;
  #isStepping = false;
  #isStopped = false;

  constructor(options: MembershipKeeperOptions) {
    this.#options = options;
  }

  start(): void {
    this.#later();
  }

  /** A step that is under way goes on by itself. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  /** Looks now. Fulfilled when the step that follows, if any, has ended. */
  async look(): Promise<MembershipStep | undefined> {
    const view = this.#view();
    if (view === undefined || this.#isStepping || this.#isStopped) return undefined;
    const step = planMembership(view, this.#options.timing);
    if (step === undefined) return undefined;
    this.#isStepping = true;
    const outcome = await this.#take(step);
    this.#isStepping = false;
    this.#options.onStep?.(step, outcome);
    return step;
  }

  #later(): void {
    if (this.#isStopped) return;
    const { clock, port, everyMs = 250 } = this.#options;
    this.#timer = clock.after(port.now().isPrime ? everyMs : IDLE_RATIO * everyMs, () => {
      void this.look().finally(() => this.#later());
    });
  }

  async #take(step: MembershipStep): Promise<ChangeOutcome> {
    const { port, timeoutMs = 5_000 } = this.#options;
    try {
      return step.kind === "hand-over"
        ? await port.handOver(step.to, { timeoutMs })
        : await port.change(step.steps, { timeoutMs });
    } catch (error) {
      return { outcome: "failed", detail: messageOf(error) };
    }
  }

  /** Undefined unless this peer is prime. */
  #view(): MembershipView | undefined {
    const { port, members, clock } = this.#options;
    const now = port.now();
    // What was seen under an earlier leadership has gaps.
    if (!now.isPrime || now.term !== this.#term) this.#lives.clear();
    this.#term = now.term;
    if (!now.isPrime) return undefined;
    const nowMs = clock.nowMs();
    this.#lives.observe(new Map([...now.followers].map(([node, { isActive }]) => [node, isActive] as const)), nowMs);
    const facts = new Map(members().map((each) => [each.node, each]));
    const all = new Set([...facts.keys(), ...now.voters, ...now.learners]);
    const standings = [...all]
      .toSorted((a, b) => a - b)
      .map((node): Standing => {
        const isSelf = node === now.self;
        const life = isSelf ? { isAlive: true, forMs: Infinity, departures: 0 } : this.#lives.look(node, nowMs);
        const known = facts.get(node);
        return {
          node,
          ...life,
          belongs: known !== undefined,
          isAsleep: known?.isAsleep === true,
          isAlwaysOn: known?.isAlwaysOn === true,
          isCaughtUp: isSelf || now.followers.get(node)?.isCaughtUp === true,
        };
      });
    const { voters, learners, isChanging } = now;
    return { prime: now.self, voters, learners, isChanging, standings };
  }
}
