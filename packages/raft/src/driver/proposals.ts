/**
 * Proposals from the call to their outcome. A proposal waits until it can be proposed, is placed in the log, and is settled
 * when its own entry is applied, when it is certain that it never will be, or when its deadline passes.
 */
import type { ConfState, Entry, NodeId } from "../core/types.ts";
import type { Histogram } from "./histogram.ts";
import type { ProposalName } from "./envelope.ts";
import type { Refused, RefusalReason, Unknown } from "./outcome.ts";

/** How a proposal ends, before it is told in the caller's words. */
export type Ending =
  | { readonly outcome: "applied"; readonly index: number; readonly term: number; readonly result: Uint8Array }
  | { readonly outcome: "changed"; readonly index: number; readonly term: number; readonly confState: ConfState }
  | { readonly outcome: "not-leader"; readonly leader: NodeId | undefined }
  | Refused
  | Unknown;

/** What is to be proposed. */
export interface Proposal {
  readonly name: ProposalName;
  readonly kind: "command" | "membership";
  readonly data: Uint8Array;
  /** A follower may pass it on. */
  readonly forward: boolean;
  readonly deadlineMs: number;
  readonly askedMs: number;
  readonly settle: (ending: Ending) => void;
}

interface Placed {
  readonly proposal: Proposal;
  /** Where the leader put it; undefined when it was passed on. */
  readonly at: { readonly index: number; readonly term: number } | undefined;
}

export interface ProposalLimits {
  readonly maxProposals: number;
  readonly maxProposalBytes: number;
}

export class Proposals {
  readonly #limits: ProposalLimits;
  readonly #commitMs: Histogram;
  readonly #origin: number;
  #waiting: Proposal[] = [];
  readonly #placed = new Map<number, Placed>();
  /** Numbers of placed proposals by index, for those this node placed as leader. Indexes only grow within a term. */
  readonly #byIndex = new Map<number, number>();
  /** Changes that are applied, and end when their joint configuration is left. */
  #leavingJoint: Proposal[] = [];
  #bytes = 0;
  #earliestDeadlineMs = Infinity;
  counters = { proposed: 0, committed: 0, refused: 0, unknown: 0 };

  constructor(limits: ProposalLimits, origin: number, commitMs: Histogram) {
    this.#limits = limits;
    this.#origin = origin;
    this.#commitMs = commitMs;
  }

  get count(): number {
    return this.#waiting.length + this.#placed.size + this.#leavingJoint.length;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get hasWaiting(): boolean {
    return this.#waiting.length > 0;
  }

  /** Takes a proposal in, or refuses it: nothing may queue without bound. */
  add(proposal: Proposal): void {
    this.counters.proposed += 1;
    const bytes = this.#bytes + proposal.data.length;
    if (this.count >= this.#limits.maxProposals || (bytes > this.#limits.maxProposalBytes && this.count > 0)) {
      this.counters.refused += 1;
      proposal.settle(refused("overloaded", `${this.count} proposals of ${this.#bytes} bytes wait already`));
      return;
    }
    this.#bytes = bytes;
    this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, proposal.deadlineMs);
    this.#waiting.push(proposal);
  }

  /** All that waits, in order; those not placed must be given {@link putBack}. */
  takeWaiting(): readonly Proposal[] {
    const taken = this.#waiting;
    this.#waiting = [];
    return taken;
  }

  /** Proposals that the core had no room for: they go first next time. */
  putBack(proposals: readonly Proposal[]): void {
    this.#waiting = [...proposals, ...this.#waiting];
  }

  /** `proposal` stands in the log of this node, or went to the leader. */
  place(proposal: Proposal, at: { readonly index: number; readonly term: number } | undefined): void {
    const { number } = proposal.name;
    this.#placed.set(number, { proposal, at });
    if (at !== undefined) this.#byIndex.set(at.index, number);
  }

  /** A proposal that was taken and ends without being placed. */
  drop(proposal: Proposal, ending: Ending): void {
    this.#end(proposal, ending, Number.NaN);
  }

  /** The proposal of that name, if it is this node's and waits for its entry. */
  find(name: ProposalName | undefined): Proposal | undefined {
    return name?.origin === this.#origin ? this.#placed.get(name.number)?.proposal : undefined;
  }

  /** Ends a placed proposal. */
  settle(proposal: Proposal, ending: Ending, nowMs: number): void {
    this.#forget(proposal);
    this.#end(proposal, ending, nowMs);
  }

  /** A change that is applied, but ends only when its joint configuration is left. */
  awaitLeaving(proposal: Proposal): void {
    this.#forget(proposal);
    this.#leavingJoint.push(proposal);
  }

  /** The joint configuration was left, with this entry. */
  leftJoint({ index, term }: Entry, confState: ConfState, nowMs: number): void {
    const done = this.#leavingJoint;
    this.#leavingJoint = [];
    for (const each of done) this.#end(each, { outcome: "changed", index, term, confState }, nowMs);
  }

  /**
   * `entry` was applied, and whoever proposed it has been told. Whatever this node placed at its index was something
   * else; and whatever it placed later in an earlier term can be in no log any more that holds this entry: terms never
   * fall along a log.
   */
  passed(entry: Entry, nowMs: number): void {
    const number = this.#byIndex.get(entry.index);
    if (number !== undefined) this.#supersede(number, entry, nowMs);
    if (this.#placed.size === 0 || entry.data.length > 0) return;
    // An empty entry is what a new leader begins with: the moment at which terms change.
    for (const [each, { at }] of this.#placed) {
      if (at !== undefined && at.term < entry.term) this.#supersede(each, entry, nowMs);
    }
  }

  /** The state machine jumped to a snapshot: what became of proposals up to `index` cannot be seen any more. */
  overtaken(index: number, nowMs: number): void {
    const detail = `a snapshot up to index ${index} took the place of the entries`;
    for (const { proposal, at } of this.#placed.values()) {
      if (at === undefined || at.index > index) continue;
      this.settle(proposal, { outcome: "unknown", reason: "overtaken-by-snapshot", detail }, nowMs);
    }
  }

  /** Only the leader proposes: those that may not be passed on are told so. */
  notLeader(leader: NodeId | undefined): void {
    const stay: Proposal[] = [];
    for (const proposal of this.#waiting) {
      if (proposal.forward) stay.push(proposal);
      else this.#end(proposal, { outcome: "not-leader", leader }, Number.NaN);
    }
    this.#waiting = stay;
  }

  expire(nowMs: number): void {
    if (nowMs < this.#earliestDeadlineMs) return;
    this.#earliestDeadlineMs = Infinity;
    const isLate = ({ deadlineMs }: Proposal): boolean => {
      if (deadlineMs <= nowMs) return true;
      this.#earliestDeadlineMs = Math.min(this.#earliestDeadlineMs, deadlineMs);
      return false;
    };
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const each of waiting) {
      if (isLate(each)) this.#end(each, refused("deadline", "no leader took it before its deadline"), nowMs);
      else this.#waiting.push(each);
    }
    const detail = "it was not seen to be committed before its deadline";
    for (const { proposal } of this.#placed.values()) {
      if (isLate(proposal)) this.settle(proposal, { outcome: "unknown", reason: "deadline", detail }, nowMs);
    }
    const leaving = this.#leavingJoint;
    this.#leavingJoint = [];
    for (const each of leaving) {
      if (!isLate(each)) this.#leavingJoint.push(each);
      else this.#end(each, { outcome: "unknown", reason: "deadline", detail: "the joint configuration stays" }, nowMs);
    }
  }

  /** The node stops: nothing will be heard of what is under way. */
  stop(): void {
    const waiting = this.takeWaiting();
    for (const each of waiting) this.#end(each, refused("stopped", "the node is stopping"), Number.NaN);
    const unknown: Unknown = {
      outcome: "unknown",
      reason: "stopped",
      detail: "the node stopped before it was applied",
    };
    for (const { proposal } of this.#placed.values()) this.settle(proposal, unknown, Number.NaN);
    for (const each of this.#leavingJoint.splice(0)) this.#end(each, unknown, Number.NaN);
  }

  #supersede(number: number, by: Entry, nowMs: number): void {
    const proposal = this.#placed.get(number)?.proposal;
    if (proposal === undefined) return;
    const isRefusedChange = proposal.kind === "membership" && this.#placed.get(number)?.at?.term === by.term;
    this.settle(
      proposal,
      isRefusedChange
        ? refused("bad-membership-change", "another change is under way, or the configuration does not allow it")
        : refused("superseded", `entry ${by.index} of term ${by.term} took its place`),
      nowMs,
    );
  }

  #forget({ name: { number } }: Proposal): void {
    const at = this.#placed.get(number)?.at;
    this.#placed.delete(number);
    if (at !== undefined && this.#byIndex.get(at.index) === number) this.#byIndex.delete(at.index);
  }

  #end(proposal: Proposal, ending: Ending, nowMs: number): void {
    this.#bytes -= proposal.data.length;
    if (ending.outcome === "applied" || ending.outcome === "changed") {
      this.counters.committed += 1;
      this.#commitMs.record(nowMs - proposal.askedMs);
    } else if (ending.outcome === "unknown") this.counters.unknown += 1;
    else this.counters.refused += 1;
    proposal.settle(ending);
  }
}

export function refused(reason: RefusalReason, detail: string): Refused {
  return { outcome: "refused", reason, detail };
}
