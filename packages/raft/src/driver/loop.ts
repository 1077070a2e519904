/**
 * The loop that carries out what the core decides: messages go out first, so that followers write while this node writes;
 * then the log is written, what is committed is applied, and callers hear what became of their requests.
 */
import type { ConfChange } from "../core/conf-change.ts";
import { RawNode, type Ready } from "../core/raw-node.ts";
import {
  APPEND_THREAD,
  APPLY_THREAD,
  NONE,
  type ConfState,
  type Entry,
  type Message,
  type NodeId,
} from "../core/types.ts";
import { RaftError } from "../errors.ts";
import { AppendQueue } from "./append-queue.ts";
import { Applier, type Verdict } from "./applier.ts";
import { coreOptions } from "./core-options.ts";
import { coreReader } from "./core-reader.ts";
import { ElectionClock, quorumRoundTripMs } from "./election-clock.ts";
import { endingOf } from "./endings.ts";
import type { ProposalName } from "./envelope.ts";
import { Histogram } from "./histogram.ts";
import type { CompleteNodeOptions } from "./options.ts";
import { flushProposals } from "./propose.ts";
import { Proposals, refused } from "./proposals.ts";
import { Reads } from "./reads.ts";
import { bearingRefusals } from "./refusals.ts";
import { Rejoining } from "./rejoining.ts";
import { Snapshots } from "./snapshots.ts";
import { Succession } from "./succession.ts";
import { leadershipOf, Transfers } from "./transfers.ts";
import type { TransportReceiver } from "./transport.ts";

/** Work of one turn; then sockets and timers get theirs. */
const TURN_MS = 20;

export class Loop {
  readonly raw: RawNode;
  readonly clock: ElectionClock;
  readonly applier: Applier;
  readonly snapshots: Snapshots;
  readonly proposals: Proposals;
  readonly reads: Reads;
  readonly transfers = new Transfers();
  readonly rejoining: Rejoining;
  readonly syncMs = new Histogram();
  readonly commitMs = new Histogram();
  readonly readMs = new Histogram();
  /** Names this life: no other has the same. */
  readonly origin: number;
  counters = { applied: 0, syncs: 0, electionsStarted: 0, leaderChanges: 0, messagesSent: 0, messagesReceived: 0 };
  readonly #options: CompleteNodeOptions;
  readonly #append: AppendQueue;
  readonly #succession: Succession;
  readonly #stopped: (error: unknown) => void;
  #applyQueue: Message[] = [];
  #isScheduled = false;
  #isTurning = false;
  #isClosed = false;

  /** `stopped` hears of an error after which the node cannot go on. */
  constructor(options: CompleteNodeOptions, stopped: (error: unknown) => void) {
    const { id, log, environment, timing, limits, transport } = options;
    this.#options = options;
    this.#stopped = stopped;
    this.origin = Math.floor(environment.random() * 2 ** 52) + 1;
    this.proposals = new Proposals(limits, this.origin, this.commitMs);
    this.reads = new Reads(limits.maxReads, this.origin, this.readMs);
    this.clock = new ElectionClock(timing, environment, {
      tick: () => this.#tick(),
      retime: (ticks) => this.raw.setElectionTicks(ticks),
      restsOnTime: () => this.#restsOnTime,
      quietTicks: () => this.#quietTicks,
      quorumRoundTripMs: () => quorumRoundTripMs(id, this.applier.confState.voters, transport),
    });
    const changed = (): number => this.applier.membershipIndex;
    const storage = coreReader(log, changed, () => this.#snapshotSoon());
    this.raw = new RawNode(coreOptions(options, this.clock, storage));
    this.applier = this.#makeApplier();
    this.#append = this.#makeAppendQueue();
    this.snapshots = this.#makeSnapshots();
    this.rejoining = new Rejoining(
      { id, log, raw: this.raw, applier: this.applier, nowMs: () => environment.nowMs() },
      { send: (message) => this.#send([message]), number: this.origin },
    );
    this.#succession = new Succession(id, environment, {
      lead: () => this.raw.lead,
      confState: () => this.applier.confState,
      forgetLeader: () => this.act(() => this.raw.forgetLeader()),
      campaign: () => this.act(() => this.raw.campaign()),
    });
  }

  get leader(): NodeId | undefined {
    return this.raw.lead === NONE ? undefined : this.raw.lead;
  }

  nowMs(): number {
    return this.#options.environment.nowMs();
  }

  /** Brings the state machine to the log's snapshot. */
  async restore(): Promise<void> {
    const { meta, chunks } = await this.#options.log.readSnapshot();
    await this.applier.restore(meta, chunks);
    this.proposals.overtaken(meta.index, this.nowMs());
  }

  receiver(): TransportReceiver {
    return {
      receive: (message) => {
        if (this.#isClosed) return;
        this.#receive(message);
        this.schedule();
      },
      receiveSnapshot: async (message, _contentBytes, chunks) => {
        if (this.#isClosed) throw new RaftError("closed", "the node has stopped");
        await this.snapshots.receive(message, chunks);
      },
      unreachable: (peer) => this.act(() => this.raw.reportUnreachable(peer)),
      gone: (peer) => {
        if (!this.#isClosed) this.#succession.gone(peer);
      },
    };
  }

  /** Has a turn taken soon. */
  schedule(): void {
    if (this.#isScheduled || this.#isClosed) return;
    this.#isScheduled = true;
    this.#options.environment.soon(() => {
      this.#isScheduled = false;
      this.turn();
    });
  }

  /** Does something with the core; its refusals are an everyday answer. */
  act(action: () => void): void {
    if (this.#isClosed) return;
    this.#beforeDeciding();
    this.#guarded(() => bearingRefusals(action));
    this.schedule();
  }

  /** Carries out everything that is to be done now. */
  turn(): void {
    if (this.#isTurning || this.#isClosed) return;
    this.#isTurning = true;
    this.#guarded(() => this.#turn());
    this.#isTurning = false;
    this.clock.plan();
  }

  /** Settles everything, and waits for the write under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.clock.stop();
    this.#succession.stop();
    this.proposals.stop();
    this.reads.stop();
    this.transfers.stop();
    await this.snapshots.close();
    await this.#append.close();
  }

  takeSnapshot(): Promise<void> {
    this.applier.snapshotTaken();
    return this.snapshots.take();
  }

  #turn(): void {
    const { limits } = this.#options;
    const untilMs = this.nowMs() + TURN_MS;
    flushProposals(this.raw, this.proposals, limits.maxMessageBytes);
    if (this.leader !== undefined) {
      const context = this.reads.begin(this.nowMs());
      if (context !== undefined) {
        this.#beforeDeciding();
        this.raw.readIndex(context);
      }
    }
    while (this.raw.hasReady()) {
      this.#carryOut(this.raw.ready());
      this.#append.flush();
      this.#applyQueued();
      if (this.#isClosed) return;
      if (this.nowMs() > untilMs) {
        this.schedule();
        break;
      }
    }
    this.reads.serve(this.applier.index, this.nowMs());
    const { entries, bytes } = this.applier.sinceSnapshot;
    if (entries >= limits.snapshotEntries || bytes >= limits.snapshotBytes) this.#snapshotSoon();
  }

  #carryOut(ready: Ready): void {
    const { observer } = this.#options;
    observer.readied?.(ready, this.raw.status());
    if (ready.softState !== undefined) this.#roleChanged();
    for (const { context, index } of ready.readStates) this.reads.confirmed(context, index);
    const outgoing: Message[] = [];
    for (const message of ready.messages) {
      if (message.to === APPEND_THREAD) {
        const { snapshot } = message;
        this.#append.push(message, snapshot === undefined ? undefined : this.snapshots.claim(snapshot));
      } else if (message.to === APPLY_THREAD) this.#applyQueue.push(message);
      else outgoing.push(message);
    }
    this.#send(outgoing);
  }

  #send(messages: readonly Message[]): void {
    if (messages.length === 0) return;
    const { observer, transport } = this.#options;
    this.counters.messagesSent += messages.length;
    if (observer.sending !== undefined) for (const message of messages) observer.sending(message);
    const plain = messages.filter(({ type }) => type !== "snapshot");
    transport.send(plain);
    if (plain.length === messages.length) return;
    for (const message of messages) if (message.type === "snapshot") this.snapshots.send(message);
  }

  #applyQueued(): void {
    const queue = this.#applyQueue;
    if (queue.length === 0) return;
    this.#applyQueue = [];
    for (const work of queue) {
      this.applier.apply(work.entries.filter((entry): entry is Entry => "index" in entry));
      for (const response of work.responses) this.#receive(response);
    }
  }

  #receive(message: Message): void {
    if (this.#isClosed) return;
    this.counters.messagesReceived += 1;
    const { raw } = this;
    this.#beforeDeciding();
    const isFromLeader = message.type === "heartbeat" || message.type === "append";
    if (isFromLeader && message.term >= raw.term) this.clock.heard();
    this.#guarded(() => {
      // Late answers of those who left, and proposals that there is no room for: the sender's deadline tells it.
      bearingRefusals(() => raw.step(message));
      if (message.type === "log-lost") this.rejoining.heard(message);
    });
  }

  /**
   * Under leases a leader that stood still must know how long before it believes that it still leads, and a follower
   * before it makes a promise: ticks of the past must not count into it.
   */
  get #restsOnTime(): boolean {
    return this.#options.leases !== undefined;
  }

  #beforeDeciding(): void {
    if (this.#restsOnTime) this.clock.catchUp();
    else this.clock.settle();
  }

  get #quietTicks(): number {
    const waiting = this.proposals.count + this.reads.count + this.transfers.count;
    return this.#restsOnTime || this.rejoining.isWaiting || waiting > 0 ? 0 : this.raw.quietTicks;
  }

  #stored(responses: readonly Message[], tookMs: number | undefined): void {
    if (tookMs !== undefined) {
      this.syncMs.record(tookMs);
      this.counters.syncs += 1;
      this.#options.observer.stored?.();
    }
    if (this.#isClosed) return;
    const outgoing: Message[] = [];
    for (const response of responses) {
      if (response.to === this.#options.id) this.#receive(response);
      else outgoing.push(response);
    }
    this.#send(outgoing);
    this.turn();
  }

  #tick(): void {
    if (this.#isClosed) return;
    const nowMs = this.nowMs();
    this.proposals.expire(nowMs);
    this.reads.expire(nowMs, this.leader);
    this.reads.retry(nowMs - this.clock.electionMs);
    this.transfers.look(leadershipOf(this.raw), nowMs);
    this.#guarded(() => {
      bearingRefusals(() => this.raw.tick());
      bearingRefusals(() => this.rejoining.tick());
    });
    this.schedule();
  }

  #roleChanged(): void {
    const { raw } = this;
    const nowMs = this.nowMs();
    this.counters.leaderChanges += raw.lead === NONE ? 0 : 1;
    if (raw.role === "pre-candidate" || raw.role === "candidate") this.counters.electionsStarted += 1;
    this.clock.leaderChanged();
    if (raw.role !== "leader") this.proposals.notLeader(this.leader);
    // Whoever was to confirm them may be gone.
    this.reads.retry(nowMs);
    this.transfers.look(leadershipOf(this.raw), nowMs);
    this.#options.observer.roleChanged?.();
  }

  #applied(entry: Entry, name: ProposalName, verdict: Verdict): void {
    this.counters.applied += 1;
    const proposal = this.proposals.find(name);
    const nowMs = this.nowMs();
    if (proposal !== undefined) this.proposals.settle(proposal, endingOf(entry, verdict), nowMs);
    this.proposals.passed(entry, nowMs);
  }

  #membershipApplied(entry: Entry, name: ProposalName | undefined, now: ConfState | undefined): void {
    const nowMs = this.nowMs();
    const proposal = this.proposals.find(name);
    const { index, term } = entry;
    if (now !== undefined && now.votersOutgoing.length === 0) this.proposals.leftJoint(entry, now, nowMs);
    if (proposal !== undefined) {
      const isJoint = now !== undefined && now.votersOutgoing.length > 0;
      const why = "the configuration would have no voter";
      if (isJoint) this.proposals.awaitLeaving(proposal);
      else if (now === undefined) this.proposals.settle(proposal, refused("bad-membership-change", why), nowMs);
      else this.proposals.settle(proposal, { outcome: "changed", index, term, confState: now }, nowMs);
    }
    this.proposals.passed(entry, nowMs);
    this.#append.keepCommit(entry.index);
    this.rejoining.membershipChanged(now).catch((error: unknown) => this.#fail(error));
  }

  /** Nothing may go on after an invariant broke or the log failed. */
  #guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(error: unknown): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopped(error);
  }

  #snapshotSoon(): void {
    if (this.snapshots.isTaking) return;
    this.#options.environment.soon(() => {
      if (!this.#isClosed) this.takeSnapshot().catch((error: unknown) => this.#fail(error));
    });
  }

  #makeApplier(): Applier {
    const { machine, observer, log } = this.#options;
    return new Applier(
      {
        machine,
        observer,
        changeMembership: (change: ConfChange) => this.raw.applyMembership(change),
        applied: (entry, name, verdict) => this.#applied(entry, name, verdict),
        membershipApplied: (entry, name, now) => this.#membershipApplied(entry, name, now),
        emptyApplied: (entry) => this.proposals.passed(entry, this.nowMs()),
      },
      { index: 0, term: 0, confState: log.initialState().confState },
    );
  }

  #makeAppendQueue(): AppendQueue {
    return new AppendQueue({
      log: this.#options.log,
      restore: () => this.restore(),
      stored: (responses, tookMs) => this.#stored(responses, tookMs),
      failed: (error) => this.#fail(error),
      nowMs: () => this.nowMs(),
    });
  }

  #makeSnapshots(): Snapshots {
    const { log, transport, environment } = this.#options;
    return new Snapshots({
      log,
      transport,
      environment,
      capture: () => this.applier.capture(),
      step: (message) => {
        this.#receive(message);
        this.turn();
      },
      wants: ({ term, snapshot }) => term >= this.raw.term && (snapshot?.index ?? 0) > this.raw.commit,
      reportSnapshot: (to, arrived) => this.act(() => this.raw.reportSnapshot(to, arrived)),
      failed: (error) => this.#fail(error),
    });
  }
}
