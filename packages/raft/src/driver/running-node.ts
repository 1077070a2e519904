/** A running node as its user sees it. */
import { confChangeEntry, type ConfChangeStep } from "../core/conf-change.ts";
import { NONE, type NodeId } from "../core/types.ts";
import { isRaftError, RaftError } from "../errors.ts";
import { commandEnvelope, nameBytes, openSessionEnvelope, type ProposalName } from "./envelope.ts";
import { Loop } from "./loop.ts";
import type { CallOptions, ForwardOptions, ProposeOptions, RaftNode } from "./node.ts";
import { nodeStatus } from "./node-status.ts";
import type { CompleteNodeOptions } from "./options.ts";
import type { MembershipOutcome, ProposalOutcome, ReadOutcome, SessionOutcome, TransferOutcome } from "./outcome.ts";
import { refused, type Ending, type Proposal } from "./proposals.ts";
import { isAlone } from "./rejoin.ts";
import type { NodeStatus } from "./status.ts";

const DEFAULT_TIMEOUT_MS = 5_000;
/** A hand-over takes a round trip and an election; nobody should wait much longer for a node to stop. */
const HAND_OVER_MS = 1_000;

export class RunningNode implements RaftNode {
  readonly id: NodeId;
  readonly stopped: Promise<Error | undefined>;
  readonly #options: CompleteNodeOptions;
  readonly #loop: Loop;
  readonly #verifying = new AbortController();
  #named = 0;
  #isRunning = true;
  #closing: Promise<void> | undefined;
  #resolveStopped: (error: Error | undefined) => void = () => undefined;

  constructor(options: CompleteNodeOptions) {
    this.id = options.id;
    this.#options = options;
    this.stopped = new Promise((resolve) => {
      this.#resolveStopped = resolve;
    });
    this.#loop = new Loop(options, (error) => void this.#close(asError(error)));
  }

  /** Brings the state machine to the log's snapshot, and begins to take part. */
  async begin(): Promise<void> {
    const { log, transport } = this.#options;
    const loop = this.#loop;
    if (log.snapshot().index > 0) await loop.restore();
    await loop.rejoining.settleIfAlone();
    await transport.start(loop.receiver());
    loop.clock.start();
    // Nobody else can lead: there is nothing to wait for.
    if (isAlone(this.id, loop.applier.confState)) this.campaign();
    loop.schedule();
    this.#verifyInBackground();
  }

  async propose(command: Uint8Array, options: ProposeOptions = {}): Promise<ProposalOutcome> {
    const { maxCommandBytes } = this.#options.limits;
    if (command.length > maxCommandBytes) {
      return refused("too-large", `the command has ${command.length} bytes, and ${maxCommandBytes} are allowed`);
    }
    const ending = await this.#ask("command", (name) => commandEnvelope(name, command, options.session), options);
    if (ending.outcome === "changed") throw new Error("a command does not change the membership");
    return ending.outcome === "applied" ? { ...ending, outcome: "committed" } : ending;
  }

  async openSession(options: ForwardOptions = {}): Promise<SessionOutcome> {
    const { maxSessions } = this.#options.limits;
    const ending = await this.#ask("command", (name) => openSessionEnvelope(name, maxSessions), options);
    if (ending.outcome === "changed") throw new Error("opening a session does not change the membership");
    return ending.outcome === "applied" ? { outcome: "opened", session: ending.index } : ending;
  }

  changeMembership(steps: readonly ConfChangeStep[], options: CallOptions = {}): Promise<MembershipOutcome> {
    return this.#changeMembership(steps, options);
  }

  async read({ timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions = {}): Promise<ReadOutcome> {
    if (!this.#isRunning) return refused("stopped", "the node is stopping");
    return new Promise((settle) => {
      const askedMs = this.#loop.nowMs();
      this.#loop.reads.add({ askedMs, deadlineMs: askedMs + timeoutMs, settle });
      this.#loop.schedule();
    });
  }

  async transferLeadership(to: NodeId, { timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions = {}): Promise<TransferOutcome> {
    const loop = this.#loop;
    const { raw } = loop;
    if (raw.role !== "leader") return { outcome: "not-leader", leader: loop.leader };
    if (to === this.id) return { outcome: "transferred", leader: to };
    loop.act(() => raw.transferLeadership(to));
    if (raw.transferee !== to) return refused("bad-transferee", `${to} is no voter`);
    return loop.transfers.wait(to, loop.nowMs() + timeoutMs);
  }

  snapshot(): Promise<void> {
    return this.#loop.takeSnapshot();
  }

  campaign(): void {
    this.#loop.act(() => this.#loop.raw.campaign());
  }

  status(): NodeStatus {
    const { log, transport } = this.#options;
    const { raw, applier, proposals, reads, snapshots, rejoining, clock, syncMs, commitMs, readMs, counters } =
      this.#loop;
    return nodeStatus({
      raw,
      log,
      isStopped: !this.#isRunning,
      isInDoubt: rejoining.isInDoubt,
      electionMs: clock.electionMs,
      applied: applier.index,
      sessions: applier.sessions,
      waiting: { proposals: proposals.count, proposalBytes: proposals.bytes, reads: reads.count },
      counters: {
        ...counters,
        ...proposals.counters,
        reads: reads.served,
        snapshotsTaken: snapshots.counters.taken,
        snapshotsSent: snapshots.counters.sent,
        snapshotsReceived: snapshots.counters.received,
      },
      syncMs: syncMs.status(),
      commitMs: commitMs.status(),
      readMs: readMs.status(),
      roundTripMs: (peer) => transport.roundTripMs(peer),
    });
  }

  async stop({ timeoutMs = HAND_OVER_MS }: CallOptions = {}): Promise<void> {
    if (this.#isRunning) await this.#handOver(timeoutMs);
    await this.#close(undefined);
  }

  async leave({ timeoutMs = DEFAULT_TIMEOUT_MS }: CallOptions = {}): Promise<MembershipOutcome> {
    const loop = this.#loop;
    const untilMs = loop.nowMs() + timeoutMs;
    await this.#handOver(Math.min(timeoutMs, HAND_OVER_MS));
    // It stays until it has seen its removal committed: until then the others may need its vote.
    const outcome = await this.#changeMembership([{ operation: "remove", node: this.id }], {
      timeoutMs: Math.max(1, untilMs - loop.nowMs()),
      forward: true,
    });
    await this.#close(undefined);
    return outcome;
  }

  async #changeMembership(steps: readonly ConfChangeStep[], options: ProposeOptions): Promise<MembershipOutcome> {
    const make = (name: ProposalName): Uint8Array =>
      confChangeEntry({ transition: "auto", steps, context: nameBytes(name) }).data;
    const ending = await this.#ask("membership", make, options);
    if (ending.outcome === "applied") throw new Error("a membership change is no command");
    return ending.outcome === "changed" ? { ...ending, outcome: "committed" } : ending;
  }

  #ask(
    kind: Proposal["kind"],
    make: (name: ProposalName) => Uint8Array,
    { timeoutMs = DEFAULT_TIMEOUT_MS, forward = false }: ProposeOptions,
  ): Promise<Ending> {
    const loop = this.#loop;
    if (!this.#isRunning) return Promise.resolve(refused("stopped", "the node is stopping"));
    this.#named += 1;
    const name = { origin: loop.origin, number: this.#named };
    const askedMs = loop.nowMs();
    return new Promise((settle) => {
      loop.proposals.add({
        name,
        kind,
        data: make(name),
        forward,
        deadlineMs: askedMs + timeoutMs,
        askedMs,
        settle,
      });
      loop.schedule();
    });
  }

  /** A leader hands over to the voter that is furthest, so that nobody has to wait for an election. */
  async #handOver(timeoutMs: number): Promise<void> {
    const { raw, applier } = this.#loop;
    if (raw.role !== "leader") return;
    let best: NodeId = NONE;
    let furthest = -1;
    for (const [id, { match, isLearner, recentActive }] of raw.status().progress) {
      if (id === this.id || isLearner || !recentActive || match <= furthest || applier.demoted.has(id)) continue;
      best = id;
      furthest = match;
    }
    if (best !== NONE) await this.transferLeadership(best, { timeoutMs });
  }

  /** Older records than opening checks are read in the background: a node that cannot trust its log must not go on. */
  #verifyInBackground(): void {
    const { signal } = this.#verifying;
    this.#options.log
      .verify(signal)
      .then((found) => {
        if (!found.intact)
          throw new RaftError("corrupt", `entry ${found.index} of the log is damaged: ${found.detail}`);
      })
      .catch((error: unknown) => {
        if (!signal.aborted) void this.#close(asError(error));
      });
  }

  #close(error: Error | undefined): Promise<void> {
    this.#closing ??= this.#shutDown(error);
    return this.#closing;
  }

  async #shutDown(error: Error | undefined): Promise<void> {
    const { log, transport } = this.#options;
    this.#isRunning = false;
    this.#verifying.abort();
    let problem = error;
    // It may have voted and acknowledged what it has forgotten.
    const noteDoubt = (): Promise<void> | undefined => (isRaftError(error, "log-lost") ? log.doubt?.() : undefined);
    for (const part of [() => this.#loop.close(), () => transport.close(), noteDoubt, () => log.close()]) {
      try {
        await part();
      } catch (another) {
        problem ??= asError(another);
      }
    }
    this.#resolveStopped(problem);
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
