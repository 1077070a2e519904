/** A cluster in one process: real timers, simulated disks, and a network that hands messages over at once. */
import {
  isRaftError,
  MemoryDisk,
  openMemoryLog,
  RaftError,
  startNode,
  type Message,
  type NodeId,
  type NodeOptions,
  type RaftNode,
  type SnapshotContents,
  type StateMachine,
  type Transport,
  type TransportReceiver,
} from "../../src/index.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Remembers every command, and answers with how many there were. */
export class Journal implements StateMachine {
  commands: string[] = [];

  apply(commands: readonly { readonly data: Uint8Array }[]): readonly Uint8Array[] {
    return commands.map(({ data }) => {
      this.commands.push(decoder.decode(data));
      return encoder.encode(String(this.commands.length));
    });
  }

  snapshot(): Iterable<Uint8Array> {
    const bytes = encoder.encode(JSON.stringify(this.commands));
    return [bytes.subarray(0, 5), bytes.subarray(5)];
  }

  async restore(contents: AsyncIterable<Uint8Array>): Promise<void> {
    const chunks: Uint8Array[] = [];
    for await (const chunk of contents) chunks.push(chunk);
    const commands: unknown = JSON.parse(decoder.decode(Buffer.concat(chunks)));
    this.commands = Array.isArray(commands) ? commands.map(String) : [];
  }
}

export class MemoryNetwork {
  readonly receivers = new Map<NodeId, TransportReceiver>();
  /** Nodes that nobody hears, and that hear nobody. */
  readonly cut = new Set<NodeId>();

  transport(id: NodeId): Transport {
    return {
      start: async (receiver) => {
        this.receivers.set(id, receiver);
      },
      send: (messages) => {
        for (const message of messages) setImmediate(() => this.#reach(id, message.to)?.receive(message));
      },
      sendSnapshot: (message, contents) => this.#sendSnapshot(id, message, contents),
      roundTripMs: () => 0.1,
      close: async () => {
        this.receivers.delete(id);
      },
    };
  }

  /** What a transport says when the process of `id` has ended. */
  sayGone(id: NodeId): void {
    for (const [other, receiver] of this.receivers) if (other !== id) receiver.gone(id);
  }

  #reach(from: NodeId, to: NodeId): TransportReceiver | undefined {
    return this.cut.has(from) || this.cut.has(to) ? undefined : this.receivers.get(to);
  }

  async #sendSnapshot(from: NodeId, message: Message, contents: SnapshotContents): Promise<void> {
    const receiver = this.#reach(from, message.to);
    if (receiver === undefined) throw new RaftError("unreachable", `${message.to} is cut off`);
    await receiver.receiveSnapshot(message, contents.contentBytes, contents.chunks);
  }
}

export interface Member {
  readonly node: RaftNode;
  readonly machine: Journal;
}

export class MemoryCluster {
  readonly network = new MemoryNetwork();
  readonly disks = new Map<NodeId, MemoryDisk>();
  readonly members = new Map<NodeId, Member>();

  async start(id: NodeId, options: Partial<NodeOptions> = {}): Promise<Member> {
    const disk = this.disks.get(id) ?? new MemoryDisk();
    this.disks.set(id, disk);
    const machine = new Journal();
    const log = await openMemoryLog(disk, { trailingEntries: 10 });
    const node = await startNode({ id, log, machine, transport: this.network.transport(id), ...options });
    const member = { node, machine };
    this.members.set(id, member);
    return member;
  }

  async startAll(ids: readonly NodeId[], options: Partial<NodeOptions> = {}): Promise<void> {
    for (const id of ids) await this.start(id, { bootstrap: ids, ...options });
  }

  /** The process ends without a word: nothing is settled, handed over or written. Several end at the same moment. */
  async kill(...ids: readonly NodeId[]): Promise<void> {
    for (const id of ids) {
      this.network.receivers.delete(id);
      this.disks.get(id)?.crash(() => 0);
    }
    for (const id of ids) {
      const member = this.members.get(id);
      this.members.delete(id);
      await member?.node.stop({ timeoutMs: 1 });
    }
  }

  member(id: NodeId): Member {
    const member = this.members.get(id);
    if (member === undefined) throw new Error(`node ${id} is not running`);
    return member;
  }

  async leader(): Promise<Member> {
    return until(() => {
      const leaders = [...this.members.values()].filter(({ node }) => {
        const { role, id } = node.status();
        return role === "leader" && !this.network.cut.has(id);
      });
      return leaders.toSorted((a, b) => b.node.status().term - a.node.status().term)[0];
    });
  }

  async stopAll(): Promise<void> {
    for (const { node } of this.members.values()) await node.stop({ timeoutMs: 1 });
  }
}

/** Waits until `find` finds something. */
export async function until<T>(find: () => T | undefined | false, deadlineMs = 20_000): Promise<T> {
  const untilMs = performance.now() + deadlineMs;
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > untilMs) throw new Error("it did not come about in time");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

/** Proposes at whoever leads, until it is committed. */
export async function commit(cluster: MemoryCluster, command: string): Promise<number> {
  for (;;) {
    const { node } = await cluster.leader();
    const outcome = await node.propose(encoder.encode(command), { timeoutMs: 2_000 });
    if (outcome.outcome === "committed") return outcome.index;
    if (isRaftError(outcome)) throw outcome;
  }
}
