/**
 * A cluster of real processes on loopback, each with its own log on disk; and what can be done to it: kill -9, SIGSTOP,
 * cut and slow links. Nothing of it outlives the process that started it.
 */
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RaftError } from "../../errors.ts";
import type { ConfChangeStep } from "../../core/conf-change.ts";
import type { NodeId } from "../../core/types.ts";
import type { MembershipOutcome, TransferOutcome } from "../../driver/outcome.ts";
import type { ControlAction, ControlResults, WireStatus } from "./control.ts";
import { Guard } from "./guard.ts";
import { Members, type MemberOptions } from "./members.ts";
import type { NodeProcess } from "./node-process.ts";

export interface ClusterOptions extends MemberOptions {
  /** Where the logs go; they stay there. Default: a temporary folder, which goes away with the cluster. */
  readonly folder?: string;
}

const POLL_MS = 20;
const LEADER_DEADLINE_MS = 20_000;
const STATUS_TIMEOUT_MS = 1_000;
const STOP_TIMEOUT_MS = 3_000;
const CHANGE_TIMEOUT_MS = 2_000;
const CHANGE_DEADLINE_MS = 30_000;

export class Cluster {
  /** Of all logs; node 3 has its own in `3`. */
  readonly folder: string;
  readonly #guard: Guard;
  readonly #members: Members;
  #nextId = 1;

  private constructor(folder: string, isTemporary: boolean, options: ClusterOptions) {
    this.folder = folder;
    this.#guard = new Guard(isTemporary ? folder : undefined);
    this.#members = new Members(folder, this.#guard, options);
  }

  /**
   * Starts nodes 1 to `count` as voters of a new cluster; nobody leads it yet.
   * @throws RaftError `unreachable` with what a process said before it died.
   */
  static async start(count: number, options: ClusterOptions = {}): Promise<Cluster> {
    const folder = options.folder ?? (await mkdtemp(join(tmpdir(), "raft-cluster-")));
    const cluster = new Cluster(folder, options.folder === undefined, options);
    try {
      const ids = Array.from({ length: count }, () => cluster.#takeId());
      await Promise.all(ids.map((id) => cluster.#members.add(id, ids)));
    } catch (error) {
      await cluster.stopAll();
      throw error;
    }
    return cluster;
  }

  /** Nodes that have been started and not removed, dead ones too; in order. */
  ids(): readonly NodeId[] {
    return this.#members.ids();
  }

  isRunning(id: NodeId): boolean {
    return this.processOf(id).isRunning;
  }

  isPaused(id: NodeId): boolean {
    return this.processOf(id).isPaused;
  }

  /** Where clients reach each node, dead ones too; in order. */
  clientPorts(): ReadonlyMap<NodeId, number> {
    return new Map(this.ids().map((id) => [id, this.processOf(id).ports.client]));
  }

  processOf(id: NodeId): NodeProcess {
    return this.#members.processOf(id);
  }

  /** Nodes that died though nobody killed them, and what they said. */
  crashes(): readonly string[] {
    return [...this.#members.crashes];
  }

  /** Of one node's log. */
  folderOf(id: NodeId): string {
    return this.#members.folderOf(id);
  }

  /** Starts a new node, which is in no configuration yet: see {@link changeMembership}. */
  async addNode(): Promise<NodeId> {
    const id = this.#takeId();
    await this.#members.add(id, undefined);
    return id;
  }

  /** Kills a node and forgets it and its log. Its membership is another matter. */
  async removeNode(id: NodeId): Promise<void> {
    await this.#members.remove(id);
  }

  /** `kill -9`. */
  async kill(id: NodeId): Promise<void> {
    await this.processOf(id).kill();
    this.#members.disconnect(id);
  }

  /** Starts a dead node again, on its log and its ports. */
  async restart(id: NodeId): Promise<void> {
    await this.#members.restart(id);
  }

  /** SIGSTOP. */
  pause(id: NodeId): void {
    this.processOf(id).pause();
  }

  /** SIGCONT. */
  resume(id: NodeId): void {
    this.processOf(id).resume();
  }

  /** Cuts the links between two nodes. */
  async cut(a: NodeId, b: NodeId): Promise<void> {
    await Promise.all([this.setLink(a, b, { cut: true }), this.setLink(b, a, { cut: true })]);
  }

  /** Nothing that `from` sends reaches `to` any more; the other direction stays. */
  async cutOneWay(from: NodeId, to: NodeId): Promise<void> {
    await this.setLink(from, to, { cut: true });
  }

  /** Cuts all links of a node; clients still reach it. */
  async isolate(id: NodeId): Promise<void> {
    await Promise.all(this.ids().map(async (other) => (other === id ? undefined : this.cut(id, other))));
  }

  /** Everything between two nodes takes longer by `delayMs`, each way. */
  async delay(a: NodeId, b: NodeId, delayMs: number): Promise<void> {
    await Promise.all([this.setLink(a, b, { delayMs }), this.setLink(b, a, { delayMs })]);
  }

  /** One direction of one link; what is not given stays. A dead or paused node takes it over when it is back. */
  async setLink(from: NodeId, to: NodeId, fault: { readonly cut?: boolean; readonly delayMs?: number }): Promise<void> {
    await this.#members.setLink(from, to, fault);
  }

  /** All links as they were. */
  async heal(): Promise<void> {
    await this.#members.healLinks();
  }

  /** @throws RaftError `unreachable`. */
  async status(id: NodeId, timeoutMs = STATUS_TIMEOUT_MS): Promise<WireStatus> {
    return this.control(id, { action: "status" }, timeoutMs);
  }

  /** Of all that answer in time. */
  async statuses(timeoutMs = STATUS_TIMEOUT_MS): Promise<readonly WireStatus[]> {
    const running = this.ids().filter((id) => this.isRunning(id) && !this.isPaused(id));
    const asked = await Promise.allSettled(running.map(async (id) => this.status(id, timeoutMs)));
    return asked.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []));
  }

  /**
   * Waits for a leader, and gives the one of the highest term: an older one may still think that it leads.
   * @throws RaftError `unavailable` when there is none within the deadline.
   */
  async leader(timeoutMs = LEADER_DEADLINE_MS): Promise<NodeId> {
    const deadline = performance.now() + timeoutMs;
    do {
      const leaders = (await this.statuses()).filter(({ role }) => role === "leader");
      const newest = leaders.toSorted((a, b) => b.term - a.term)[0];
      if (newest !== undefined) return newest.id;
      await delay(POLL_MS);
    } while (performance.now() < deadline);
    throw new RaftError("unavailable", `nobody leads after ${timeoutMs} ms${this.#members.obituary()}`);
  }

  /** Polls until `isDone` holds for what all that answer say. @throws RaftError `unavailable` after the deadline. */
  async until(isDone: (statuses: readonly WireStatus[]) => boolean, timeoutMs = LEADER_DEADLINE_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isDone(await this.statuses())) {
      if (performance.now() > deadline) {
        throw new RaftError(
          "unavailable",
          `what was waited for is not so after ${timeoutMs} ms${this.#members.obituary()}`,
        );
      }
      await delay(POLL_MS);
    }
  }

  /** One try, at whoever leads. */
  async tryMembership(steps: readonly ConfChangeStep[], timeoutMs = CHANGE_TIMEOUT_MS): Promise<MembershipOutcome> {
    const leader = await this.leader(timeoutMs);
    return this.control(leader, { action: "membership", steps, timeoutMs }, timeoutMs + STATUS_TIMEOUT_MS);
  }

  /**
   * Tries until the configuration is what `steps` lead to, whoever leads.
   * @throws RaftError `unavailable` after the deadline.
   */
  async changeMembership(steps: readonly ConfChangeStep[], deadlineMs = CHANGE_DEADLINE_MS): Promise<void> {
    const deadline = performance.now() + deadlineMs;
    let last = "nobody leads";
    while (performance.now() < deadline) {
      try {
        const leader = await this.leader(CHANGE_TIMEOUT_MS);
        const { confState } = await this.status(leader);
        const rest = steps.filter((step) => !isIn(confState, step));
        if (rest.length === 0 && confState.votersOutgoing.length === 0) return;
        const outcome = rest.length === 0 ? undefined : await this.tryMembership(rest);
        if (outcome?.outcome === "committed") continue;
        last = outcome === undefined ? "it is joint" : JSON.stringify(outcome);
      } catch (error) {
        if (!(error instanceof RaftError)) throw error;
        last = error.message;
      }
      await delay(POLL_MS);
    }
    throw new RaftError("unavailable", `the membership did not change within ${deadlineMs} ms: ${last}`);
  }

  async transfer(to: NodeId, timeoutMs = CHANGE_TIMEOUT_MS): Promise<TransferOutcome> {
    const leader = await this.leader(timeoutMs);
    return this.control(leader, { action: "transfer", to, timeoutMs }, timeoutMs + STATUS_TIMEOUT_MS);
  }

  async snapshot(id: NodeId): Promise<void> {
    await this.control(id, { action: "snapshot" });
  }

  /** Asks the node to leave the cluster, and waits for the end of its process. */
  async leave(id: NodeId, timeoutMs = CHANGE_TIMEOUT_MS): Promise<MembershipOutcome> {
    const outcome = await this.control(id, { action: "leave", timeoutMs }, timeoutMs + STATUS_TIMEOUT_MS);
    await this.processOf(id).end();
    this.#members.disconnect(id);
    return outcome;
  }

  /** Asks the node to stop in order, and waits for the end of its process. */
  async stop(id: NodeId): Promise<void> {
    const process = this.processOf(id);
    if (process.isRunning) {
      await this.control(id, { action: "stop", timeoutMs: STOP_TIMEOUT_MS }, 2 * STOP_TIMEOUT_MS);
      await process.end();
    }
    this.#members.disconnect(id);
  }

  /** Anything else. @throws RaftError `unreachable`, `closed`. */
  async control<A extends ControlAction["action"]>(
    id: NodeId,
    action: Extract<ControlAction, { readonly action: A }>,
    timeoutMs?: number,
  ): Promise<ControlResults[A]> {
    return this.#members.control<A>(id, action, timeoutMs);
  }

  /** Ends everything, paused and dead nodes alike; may be called twice. */
  async stopAll(): Promise<void> {
    const processes = this.ids().map((id) => this.processOf(id));
    for (const each of processes) each.expectEnd();
    for (const id of this.ids()) this.#members.disconnect(id);
    await this.#guard.end();
    await Promise.all(processes.map(async ({ ended }) => ended));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAll();
  }

  #takeId(): NodeId {
    this.#nextId += 1;
    return this.#nextId - 1;
  }
}

function isIn(
  { voters, learners, learnersNext }: WireStatus["confState"],
  { operation, node }: ConfChangeStep,
): boolean {
  if (operation === "add-voter") return voters.includes(node);
  if (operation === "add-learner") return learners.includes(node) || learnersNext.includes(node);
  return operation === "update" || ![...voters, ...learners].includes(node);
}
