/**
 * The face of the core: feed it ticks, messages and proposals; carry out each {@link Ready}; say when that is done.
 *
 *     if (node.hasReady()) {
 *       const ready = node.ready();
 *       // 1. make hardState, entries and snapshot durable (one batch, one sync)   2. send messages
 *       // 3. apply committedEntries                                              4. node.advance()
 *     }
 *
 * With `asyncStorageWrites`, steps 1 and 3 are messages to `APPEND_THREAD` and `APPLY_THREAD` instead, whose `responses`
 * go out (also back into `step`) once they are done, and there is no `advance`.
 */
import { invariant, RaftError } from "../errors.ts";
import { confChangeEntry, type ConfChange } from "./conf-change.ts";
import { surelyHeld } from "./follower.ts";
import { applyConfChange } from "./membership.ts";
import type { NodeState, ReadState, Role } from "./node-state.ts";
import { checkElectionTicks, type RaftOptions } from "./options.ts";
import { createNode, quietTicks, step, tick } from "./raft.ts";
import { becomeFollower } from "./roles.ts";
import { statusOf, type Status } from "./status.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  entriesBytes,
  isLocalMessage,
  isLocalTarget,
  isResponse,
  message,
  NONE,
  type ConfState,
  type Entry,
  type HardState,
  type Message,
  type NodeId,
  type ProposedEntry,
  type Snapshot,
} from "./types.ts";

/** Who leads, as far as this node knows; not durable. */
export interface SoftState {
  readonly lead: NodeId;
  readonly role: Role;
}

/** Work for the driver. */
export interface Ready {
  /** Set when it changed. */
  readonly softState: SoftState | undefined;
  /** To be made durable, with `entries` and `snapshot`, before `messages` go out. Set when it changed. */
  readonly hardState: HardState | undefined;
  readonly readStates: readonly ReadState[];
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | undefined;
  /** To be applied, in order; what is in here is durable on a quorum. */
  readonly committedEntries: readonly Entry[];
  readonly messages: readonly Message[];
  /** Whether the write must be synced: a term, vote or entry that messages speak of. */
  readonly mustSync: boolean;
}

export type { ProgressStatus, Status } from "./status.ts";

/** One node of the core. */
export class RawNode {
  readonly #node: NodeState;
  readonly #async: boolean;
  #softState: SoftState;
  #hardState: HardState;
  /** Taken in by `advance`: the node's own answers, and storage's word on what Ready told to write and apply. */
  #onAdvance: Message[] = [];
  #isAccepted = false;

  /** @throws InvariantError for options or stored state that cannot be. */
  constructor(options: RaftOptions) {
    this.#node = createNode(options);
    this.#async = this.#node.options.asyncStorageWrites;
    this.#softState = this.#currentSoftState();
    this.#hardState = this.#node.hardState();
  }

  /** Time passes by one tick. */
  tick(): void {
    tick(this.#node);
  }

  /** So many of the next ticks would only be counted, if nothing else happens meanwhile. */
  get quietTicks(): number {
    return quietTicks(this.#node);
  }

  /** Campaigns now; under leases only if nothing was promised to a leader. */
  campaign(): void {
    step(this.#node, message({ type: "campaign" }));
  }

  /** Takes a message of a peer, or of this node's own storage. @throws RaftError `local-message`, `unknown-peer`, `proposal-dropped`, `corrupt`. */
  step(received: Message): void {
    if (isLocalMessage(received.type) && !isLocalTarget(received.from)) {
      throw new RaftError("local-message", `${received.type} does not come from a peer`);
    }
    const isMember = this.#node.tracker.progress.has(received.from);
    if (isResponse(received.type) && !isLocalTarget(received.from) && !isMember) {
      throw new RaftError("unknown-peer", `${received.type} from ${received.from}, who is no member`);
    }
    step(this.#node, received);
  }

  /** @throws RaftError `proposal-dropped`. */
  propose(data: Uint8Array): void {
    this.#propose({ type: "normal", data });
  }

  /** Several entries that stand together in the log. @throws RaftError `proposal-dropped`. */
  proposeBatch(batch: readonly Uint8Array[]): void {
    const entries = batch.map((data): ProposedEntry => ({ type: "normal", data }));
    step(this.#node, message({ type: "propose", from: this.#node.id, entries }));
  }

  /** @throws RaftError `proposal-dropped`. */
  proposeMembership(change: ConfChange | ProposedEntry): void {
    this.#propose("steps" in change ? confChangeEntry(change) : change);
  }

  /** Puts a committed membership change into force; call it for each that is applied. @throws RaftError `bad-membership-change`. */
  applyMembership(change: ConfChange): ConfState {
    return applyConfChange(this.#node, change);
  }

  /** Asks for a linearizable read; the answer comes as a {@link ReadState} with the same context, or not at all. */
  readIndex(context: Uint8Array): void {
    step(this.#node, message({ type: "read-index", entries: [{ type: "normal", data: context }] }));
  }

  /** Hands leadership to `to`, if it is a voter that catches up within an election timeout. */
  transferLeadership(to: NodeId): void {
    step(this.#node, message({ type: "transfer-leader", from: to }));
  }

  /** The leader is gone for sure: votes need not wait for it. Changes nothing under leases, which rest on the wait. */
  forgetLeader(): void {
    step(this.#node, message({ type: "forget-leader" }));
  }

  /** The last message to `id` could not be sent. */
  reportUnreachable(id: NodeId): void {
    step(this.#node, message({ type: "unreachable", from: id }));
  }

  /** A snapshot that was sent to `id` has arrived, or has not. */
  reportSnapshot(id: NodeId, arrived: boolean): void {
    step(this.#node, message({ type: "snapshot-status", from: id, reject: !arrived }));
  }

  /**
   * `id` holds nothing after `lastIndex`, whatever it acknowledged before: it is brought up to date from there. May come
   * late or more than once. Nobody but a leader cares.
   */
  reportLost(id: NodeId, lastIndex: number): void {
    step(this.#node, message({ type: "log-lost", from: id, index: lastIndex }));
  }

  /** Whether this node is in doubt of its own log, see {@link RaftOptions.abstains}. A leader steps down, a candidate gives up. */
  abstain(isInDoubt: boolean): void {
    const node = this.#node;
    node.abstains = isInDoubt;
    if (isInDoubt && node.role !== "follower") becomeFollower(node, node.term, NONE);
  }

  /**
   * Changes the election timeout, and with it how long a leader goes without a quorum. The time that has run counts; the
   * random part is drawn anew. @throws InvariantError when it is not longer than a heartbeat, or under leases shorter than
   * the options say.
   */
  setElectionTicks(electionTicks: number): void {
    const node = this.#node;
    checkElectionTicks(electionTicks, node.options);
    node.electionTicks = electionTicks;
    node.resetRandomizedTimeout();
  }

  get role(): Role {
    return this.#node.role;
  }

  get term(): number {
    return this.#node.term;
  }

  /** Who leads, as far as this node knows. */
  get lead(): NodeId {
    return this.#node.lead;
  }

  get lastIndex(): number {
    return this.#node.log.lastIndex();
  }

  get commit(): number {
    return this.#node.log.committed;
  }

  /** How far a node in doubt of its log can be sure of it. */
  get surelyHeld(): number {
    return surelyHeld(this.#node);
  }

  /** To whom leadership is being handed; `NONE` when it is not. */
  get transferee(): NodeId {
    return this.#node.transferee;
  }

  hasReady(): boolean {
    const node = this.#node;
    const { log } = node;
    return (
      !sameSoftState(this.#currentSoftState(), this.#softState) ||
      this.#changedHardState() !== undefined ||
      log.unstable.nextSnapshot() !== undefined ||
      node.messages.length > 0 ||
      node.messagesAfterAppend.length > 0 ||
      log.unstable.hasNextEntries ||
      log.hasNextCommitted(!this.#async) ||
      node.readStates.length > 0
    );
  }

  /** What is to be done now. Without asynchronous writes, {@link advance} must be called before the next. */
  ready(): Ready {
    invariant(!this.#isAccepted, "the last Ready was not advanced");
    const node = this.#node;
    const { log } = node;
    const softState = this.#currentSoftState();
    const hardState = this.#changedHardState();
    const entries = log.unstable.nextEntries();
    const snapshot = log.unstable.nextSnapshot();
    const committedEntries = log.nextCommitted(!this.#async);
    const voted =
      hardState !== undefined && (hardState.term !== this.#hardState.term || hardState.vote !== this.#hardState.vote);
    const ready: Ready = {
      softState: sameSoftState(softState, this.#softState) ? undefined : softState,
      hardState,
      readStates: node.readStates,
      entries,
      snapshot,
      committedEntries,
      messages: this.#messages(hardState, entries, snapshot, committedEntries),
      mustSync: entries.length > 0 || snapshot !== undefined || voted,
    };
    this.#accept(ready, softState);
    return ready;
  }

  /** The last Ready is carried out: durable, sent and applied. */
  advance(): void {
    invariant(!this.#async, "with asynchronous writes there is nothing to advance");
    this.#isAccepted = false;
    const messages = this.#onAdvance;
    this.#onAdvance = [];
    for (const each of messages) step(this.#node, each);
  }

  status(): Status {
    return statusOf(this.#node);
  }

  /** Sets the random part of the election timeout, for tests that must know it. In ticks. */
  setRandomizedElectionTicks(ticks: number): void {
    this.#node.randomizedElectionTicks = ticks;
  }

  #propose(entry: ProposedEntry): void {
    step(this.#node, message({ type: "propose", from: this.#node.id, entries: [entry] }));
  }

  #messages(
    hardState: HardState | undefined,
    entries: readonly Entry[],
    snapshot: Snapshot | undefined,
    committed: readonly Entry[],
  ): readonly Message[] {
    const { id, messages, messagesAfterAppend } = this.#node;
    if (!this.#async) return [...messages, ...messagesAfterAppend.filter(({ to }) => to !== id)];
    const out = [...messages];
    if (hardState !== undefined || entries.length > 0 || snapshot !== undefined || messagesAfterAppend.length > 0) {
      const durable = this.#storageAppendResponse(snapshot);
      out.push(
        message({
          type: "storage-append",
          to: APPEND_THREAD,
          from: id,
          entries,
          snapshot,
          ...hardState,
          responses: durable === undefined ? messagesAfterAppend : [...messagesAfterAppend, durable],
        }),
      );
    }
    if (committed.length > 0) {
      const responses = [this.#storageApplyResponse(committed)];
      out.push(message({ type: "storage-apply", to: APPLY_THREAD, from: id, entries: committed, responses }));
    }
    return out;
  }

  /** Storage's word that everything handed to it so far is durable; undefined when nothing waits for it. */
  #storageAppendResponse(snapshot: Snapshot | undefined): Message | undefined {
    const { id, term, log } = this.#node;
    const hasEntries = log.unstable.entries.length > 0;
    if (!hasEntries && snapshot === undefined) return undefined;
    const last = hasEntries ? log.lastId() : { index: 0, term: 0 };
    // The term guards the word: after a change of term the entries may have been replaced.
    return message({
      type: "storage-append-response",
      to: id,
      from: APPEND_THREAD,
      term,
      index: last.index,
      logTerm: last.term,
      snapshot,
    });
  }

  #storageApplyResponse(committed: readonly Entry[]): Message {
    return message({ type: "storage-apply-response", to: this.#node.id, from: APPLY_THREAD, entries: committed });
  }

  #accept(ready: Ready, softState: SoftState): void {
    const node = this.#node;
    this.#softState = softState;
    if (ready.hardState !== undefined) this.#hardState = ready.hardState;
    if (!this.#async) {
      this.#isAccepted = true;
      this.#onAdvance = node.messagesAfterAppend.filter(({ to }) => to === node.id);
      const durable = this.#storageAppendResponse(ready.snapshot);
      if (durable !== undefined) this.#onAdvance.push(durable);
      if (ready.committedEntries.length > 0) this.#onAdvance.push(this.#storageApplyResponse(ready.committedEntries));
    }
    node.messages = [];
    node.messagesAfterAppend = [];
    node.readStates = [];
    node.log.unstable.acceptInProgress();
    const last = ready.committedEntries.at(-1);
    if (last !== undefined) node.log.acceptApplying(last.index, entriesBytes(ready.committedEntries), !this.#async);
  }

  #currentSoftState(): SoftState {
    return { lead: this.#node.lead, role: this.#node.role };
  }

  #changedHardState(): HardState | undefined {
    const { term, vote, commit } = this.#hardState;
    const now = this.#node.hardState();
    return now.term === term && now.vote === vote && now.commit === commit ? undefined : now;
  }
}

function sameSoftState(a: SoftState, b: SoftState): boolean {
  return a.lead === b.lead && a.role === b.role;
}
