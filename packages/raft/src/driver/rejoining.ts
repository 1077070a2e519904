/** Carries out {@link ./rejoin.ts}: on the side of the node in doubt, and on that of the leader. */
import type { ConfChange } from "../core/conf-change.ts";
import type { RawNode } from "../core/raw-node.ts";
import { NONE, type ConfState, type Message, type NodeId } from "../core/types.ts";
import { isRaftError } from "../errors.ts";
import type { LogStore } from "../storage/log-store.ts";
import type { Applier } from "./applier.ts";
import { isAlone, logLost, numberOfLoss, onLoss, promotion } from "./rejoin.ts";

export interface RejoinParts {
  readonly id: NodeId;
  readonly log: LogStore;
  readonly raw: RawNode;
  readonly applier: Applier;
  readonly nowMs: () => number;
}

/** How often a node in doubt says so, and how often a leader proposes the same change. */
const EVERY_MS = 300;

export class Rejoining {
  readonly #parts: RejoinParts;
  readonly #send: (message: Message) => void;
  /** This doubt's own. */
  readonly #number: number;
  #isInDoubt: boolean;
  #wasDemoted = false;
  #saidMs = -Infinity;
  readonly #proposedMs = new Map<NodeId, number>();

  constructor(parts: RejoinParts, own: { readonly send: (message: Message) => void; readonly number: number }) {
    this.#parts = parts;
    this.#send = own.send;
    this.#number = own.number;
    this.#isInDoubt = parts.log.opened.state === "doubtful";
  }

  get isInDoubt(): boolean {
    return this.#isInDoubt;
  }

  /** Whether ticks bring it anything to do. */
  get isWaiting(): boolean {
    return this.#isInDoubt || this.#parts.applier.demoted.size > 0;
  }

  /** There is nobody to ask, and nobody whom a forgotten vote could contradict: what is left is the truth. */
  async settleIfAlone(): Promise<void> {
    const { id, log } = this.#parts;
    if (this.#isInDoubt && isAlone(id, log.initialState().confState)) await this.#settle();
  }

  tick(): void {
    if (this.#isInDoubt) this.#say();
    if (this.#parts.raw.role === "leader") this.#promote();
  }

  /** A peer says that its log is in doubt. */
  heard(word: Message): void {
    const { raw, applier } = this.#parts;
    const number = numberOfLoss(word);
    if (raw.role !== "leader" || number === undefined) return;
    const change = onLoss(word.from, number, applier.confState, applier.demoted);
    if (change !== undefined) this.#propose(word.from, change);
  }

  /** A membership change was applied here, or a snapshot brought one. */
  async membershipChanged(now: ConfState | undefined): Promise<void> {
    if (!this.#isInDoubt || now === undefined) return;
    const { id, applier } = this.#parts;
    if (applier.demoted.get(id) === this.#number) this.#wasDemoted = true;
    const mayVote = now.voters.includes(id) && !applier.demoted.has(id);
    if (this.#wasDemoted && mayVote) await this.#settle();
  }

  async #settle(): Promise<void> {
    await this.#parts.log.settleDoubt();
    this.#isInDoubt = false;
    this.#parts.raw.abstain(false);
  }

  #say(): void {
    const { id, raw, nowMs } = this.#parts;
    const leader = raw.lead;
    if (leader === NONE || leader === id || nowMs() - this.#saidMs < EVERY_MS) return;
    this.#saidMs = nowMs();
    this.#send(logLost(id, leader, raw.surelyHeld, this.#number));
  }

  #promote(): void {
    const { raw, applier } = this.#parts;
    if (applier.demoted.size === 0) return;
    const { progress, commit } = raw.status();
    for (const [member] of applier.demoted) {
      const seen = progress.get(member);
      if (seen?.isLearner === true && seen.recentActive && seen.match >= commit)
        this.#propose(member, promotion(member));
    }
  }

  #propose(member: NodeId, change: ConfChange): void {
    const { raw, nowMs } = this.#parts;
    if (nowMs() - (this.#proposedMs.get(member) ?? -Infinity) < EVERY_MS) return;
    this.#proposedMs.set(member, nowMs());
    try {
      raw.proposeMembership(change);
    } catch (error) {
      // A transfer is under way, or too much waits: there is a next time.
      if (!isRaftError(error, "proposal-dropped")) throw error;
    }
  }
}
