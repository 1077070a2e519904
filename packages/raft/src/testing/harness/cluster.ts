/**
 * A cluster of real processes on loopback, each with its own log on disk; and what can be done to it: kill -9, SIGSTOP,
 * cut and slow links. Nothing of it outlives the process that started it.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { RaftError } from "../../errors.ts";
import type { ConfChangeStep } from "../../core/conf-change.ts";
import type { NodeId } from "../../core/types.ts";
import type { NodeLimits } from "../../driver/node.ts";
import type { MembershipOutcome, TransferOutcome } from "../../driver/outcome.ts";
import type { ElectionTiming } from "../../driver/timing.ts";
import type { ControlAction, ControlResults, NodePorts, PeerPlace, WireStatus } from "./control.ts";
import { Guard } from "./guard.ts";
import { Links } from "./links.ts";
import { NodeConnection } from "./node-connection.ts";
import { NodeProcess, type CodeFrom } from "./node-process.ts";
import type { LogSettings, ProcessConfig } from "./process-config.ts";

export interface ClusterOptions {
  /** Where the logs go; they stay there. Default: a temporary folder, which goes away with the cluster. */
  readonly folder?: string;
  /** Default `sources`. */
  readonly from?: CodeFrom;
  readonly timing?: ElectionTiming;
  readonly limits?: Partial<NodeLimits>;
  readonly log?: LogSettings;
  /** Flags of Node for each process. */
  readonly nodeFlags?: readonly string[];
}

interface Member {
  readonly folder: string;
  /** Set for those that founded the cluster. */
  readonly bootstrap: readonly NodeId[] | undefined;
  process: NodeProcess;
  connection: Promise<NodeConnection> | undefined;
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
  readonly #options: ClusterOptions;
  readonly #guard: Guard;
  readonly #members = new Map<NodeId, Member>();
  readonly #links = new Links();
  readonly #crashes: string[] = [];
  #nextId = 1;

  private constructor(folder: string, isTemporary: boolean, options: ClusterOptions) {
    this.folder = folder;
    this.#options = options;
    this.#guard = new Guard(isTemporary ? folder : undefined);
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
      await Promise.all(ids.map((id) => cluster.#launch(id, ids)));
      await cluster.#tellPeers();
    } catch (error) {
      await cluster.stopAll();
      throw error;
    }
    return cluster;
  }

  /** Nodes that have been started and not removed, dead ones too; in order. */
  ids(): readonly NodeId[] {
    return [...this.#members.keys()].sort((a, b) => a - b);
  }

  isRunning(id: NodeId): boolean {
    return this.#member(id).process.isRunning;
  }

  isPaused(id: NodeId): boolean {
    return this.#member(id).process.isPaused;
  }

  /** Where clients reach each node, dead ones too; in order. */
  clientPorts(): ReadonlyMap<NodeId, number> {
    return new Map(this.ids().map((id) => [id, this.processOf(id).ports.client]));
  }

  processOf(id: NodeId): NodeProcess {
    return this.#member(id).process;
  }

  /** Nodes that died though nobody killed them, and what they said. */
  crashes(): readonly string[] {
    return [...this.#crashes];
  }

  /** Of one node's log. */
  folderOf(id: NodeId): string {
    return this.#member(id).folder;
  }

  /** Starts a new node, which is in no configuration yet: see {@link changeMembership}. */
  async addNode(): Promise<NodeId> {
    const id = this.#takeId();
    await this.#launch(id, undefined);
    await this.#tellPeers();
    return id;
  }

  /** Kills a node and forgets it and its log. Its membership is another matter. */
  async removeNode(id: NodeId): Promise<void> {
    const { process, folder } = this.#member(id);
    await process.kill();
    this.#disconnect(id);
    this.#members.delete(id);
    this.#links.forget(id);
    await rm(folder, { recursive: true, force: true });
    await this.#tellPeers();
  }

  /** `kill -9`. */
  async kill(id: NodeId): Promise<void> {
    await this.#member(id).process.kill();
    this.#disconnect(id);
  }

  /** Starts a dead node again, on its log and its ports. */
  async restart(id: NodeId): Promise<void> {
    const member = this.#member(id);
    if (member.process.isRunning) throw new RaftError("locked", `node ${id} is running`);
    const before = member.process.ports;
    await this.#launch(id, member.bootstrap, member);
    const { peer } = member.process.ports;
    if (peer !== before.peer) await this.#tellPeers();
  }

  /** SIGSTOP. */
  pause(id: NodeId): void {
    this.#member(id).process.pause();
  }

  /** SIGCONT. */
  resume(id: NodeId): void {
    this.#member(id).process.resume();
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
    await this.#applyLink(from, this.#links.set(from, to, fault));
  }

  /** All links as they were. */
  async heal(): Promise<void> {
    await Promise.all(this.#links.clear().map(async ([from, setting]) => this.#applyLink(from, setting)));
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
    throw new RaftError("unavailable", `nobody leads after ${timeoutMs} ms${this.#obituary()}`);
  }

  /** Polls until `isDone` holds for what all that answer say. @throws RaftError `unavailable` after the deadline. */
  async until(isDone: (statuses: readonly WireStatus[]) => boolean, timeoutMs = LEADER_DEADLINE_MS): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!isDone(await this.statuses())) {
      if (performance.now() > deadline) {
        throw new RaftError("unavailable", `what was waited for is not so after ${timeoutMs} ms${this.#obituary()}`);
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
    await this.#member(id).process.end();
    this.#disconnect(id);
    return outcome;
  }

  /** Asks the node to stop in order, and waits for the end of its process. */
  async stop(id: NodeId): Promise<void> {
    const { process } = this.#member(id);
    if (process.isRunning) {
      await this.control(id, { action: "stop", timeoutMs: STOP_TIMEOUT_MS }, 2 * STOP_TIMEOUT_MS);
      await process.end();
    }
    this.#disconnect(id);
  }

  /** Anything else. @throws RaftError `unreachable`, `closed`. */
  async control<A extends ControlAction["action"]>(
    id: NodeId,
    action: Extract<ControlAction, { readonly action: A }>,
    timeoutMs?: number,
  ): Promise<ControlResults[A]> {
    const connection = await this.#connect(id);
    return connection.control<A>(action, timeoutMs);
  }

  /** Ends everything, paused and dead nodes alike; may be called twice. */
  async stopAll(): Promise<void> {
    for (const [id, { process }] of this.#members) {
      process.expectEnd();
      this.#disconnect(id);
    }
    await this.#guard.end();
    await Promise.all([...this.#members.values()].map(async ({ process }) => process.ended));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stopAll();
  }

  #takeId(): NodeId {
    this.#nextId += 1;
    return this.#nextId - 1;
  }

  #member(id: NodeId): Member {
    const member = this.#members.get(id);
    if (member === undefined) throw new RaftError("unknown-peer", `there is no node ${id} in this cluster`);
    return member;
  }

  /** A node's process; `member` when it had one before. */
  async #launch(id: NodeId, bootstrap: readonly NodeId[] | undefined, member?: Member): Promise<void> {
    const { from = "sources", nodeFlags = [], timing, limits, log } = this.#options;
    const folder = member?.folder ?? join(this.folder, String(id));
    const ports: NodePorts = member?.process.ports ?? { client: 0, peer: 0 };
    const config: ProcessConfig = {
      id,
      folder,
      peerPort: ports.peer,
      clientPort: ports.client,
      peers: this.#places(),
      links: this.#links.of(id),
      ...(bootstrap && { bootstrap }),
      ...(timing && { timing }),
      ...(limits && { limits }),
      ...(log && { log }),
    };
    const process = await NodeProcess.start({ config, from, guard: this.#guard, nodeFlags });
    void process.crash().then((crash) => {
      if (crash !== undefined) this.#crashes.push(crash);
    });
    if (member === undefined) this.#members.set(id, { folder, bootstrap, process, connection: undefined });
    else member.process = process;
  }

  #places(): readonly PeerPlace[] {
    return [...this.#members].map(([id, { process }]) => ({ id, port: process.ports.peer }));
  }

  /** Paused nodes hear of it when they are back; dead ones when they are started. */
  async #tellPeers(): Promise<void> {
    const peers = this.#places();
    await Promise.all(this.ids().map(async (id) => this.#tell(id, { action: "peers", peers })));
  }

  async #applyLink(
    from: NodeId,
    setting: { readonly peer: NodeId; readonly cut: boolean; readonly delayMs: number },
  ): Promise<void> {
    await this.#tell(from, { action: "link", ...setting });
  }

  async #tell(id: NodeId, action: Extract<ControlAction, { readonly action: "peers" | "link" }>): Promise<void> {
    if (!this.isRunning(id)) return;
    const told = this.control(id, action);
    if (!this.isPaused(id)) {
      await told;
      return;
    }
    // It stands in the paused process's socket, before whatever is said to it later.
    told.catch((error: unknown) => {
      if (!(error instanceof RaftError)) throw error;
    });
  }

  async #connect(id: NodeId): Promise<NodeConnection> {
    const member = this.#member(id);
    const open = member.connection;
    if (open !== undefined) {
      const connection = await open;
      if (!connection.isClosed) return connection;
      if (member.connection === open) member.connection = undefined;
    }
    member.connection ??= NodeConnection.open(member.process.ports.client);
    try {
      return await member.connection;
    } catch (error) {
      member.connection = undefined;
      const said = member.process.stderr();
      const end = member.process.isRunning ? "" : " and is dead";
      const detail = `node ${id} does not answer${end}${said === "" ? "" : `; its last words: ${said}`}`;
      throw new RaftError("unreachable", detail, { cause: error });
    }
  }

  #disconnect(id: NodeId): void {
    const { connection } = this.#member(id);
    this.#member(id).connection = undefined;
    void connection?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  /** Who has died, and what they said, for errors. */
  #obituary(): string {
    const dead = [...this.#members].filter(([, { process }]) => !process.isRunning);
    return dead.map(([id, { process }]) => `\nnode ${id} is dead: ${process.stderr()}`).join("");
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
