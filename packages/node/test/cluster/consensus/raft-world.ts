/** Three real nodes on loopback, with simulated disks that outlive them and links that can be cut. */
import { MemoryDisk, openMemoryLog, type NodeId, type StateMachine } from "@parley/raft";
import { TcpTransport } from "@parley/raft/testing";
import { startRaftConsensus, type RaftConsensus } from "../../../src/cluster/consensus/raft-consensus.ts";
import type { ConsensusWorld } from "../../../src/testing/index.ts";

interface Running {
  readonly transport: TcpTransport;
  readonly consensus: RaftConsensus;
  readonly port: number;
}

export class RaftWorld implements ConsensusWorld {
  readonly #peers: readonly string[];
  readonly #founders: readonly string[];
  readonly #disks = new Map<string, MemoryDisk>();
  readonly #running = new Map<string, Running>();
  readonly #isolated = new Set<string>();

  /** @param founders the first voters; the others wait to be added */
  constructor(peers: readonly string[], founders = peers) {
    this.#peers = peers;
    this.#founders = founders;
  }

  async start(peer: string, machine: StateMachine): Promise<RaftConsensus> {
    const id = this.idOf(peer);
    const disk = this.#disks.get(peer) ?? new MemoryDisk();
    this.#disks.set(peer, disk);
    const transport = new TcpTransport({ cluster: "test", id });
    const port = await transport.listen();
    const consensus = await startRaftConsensus({
      id,
      log: await openMemoryLog(disk, { trailingEntries: 10 }),
      transport,
      machine,
      ...(this.#founders.includes(peer) ? { bootstrap: this.#founders.map((each) => this.idOf(each)) } : {}),
      limits: { snapshotEntries: 40 },
      peerOf: (node) => this.#peers[node - 1],
    });
    for (const [other, { transport: theirs, port: there }] of this.#running) {
      transport.setPeer(this.idOf(other), { host: "127.0.0.1", port: there });
      theirs.setPeer(id, { host: "127.0.0.1", port });
    }
    this.#running.set(peer, { transport, consensus, port });
    this.#relink();
    return consensus;
  }

  async kill(peer: string): Promise<void> {
    const running = this.#running.get(peer);
    if (running === undefined) return;
    // Nothing gets out any more, so that it can hand nothing over; and only what was synced stays.
    for (const other of this.#peers) if (other !== peer) running.transport.setLink(this.idOf(other), { cut: "both" });
    this.#disks.get(peer)?.crash(() => 0);
    this.#running.delete(peer);
    await running.consensus.node.stop({ timeoutMs: 1 });
  }

  isolate(peer: string): void {
    this.#isolated.add(peer);
    this.#relink();
  }

  heal(peer: string): void {
    this.#isolated.delete(peer);
    this.#relink();
  }

  async dispose(): Promise<void> {
    for (const peer of this.#peers) await this.kill(peer);
  }

  #relink(): void {
    for (const [peer, { transport }] of this.#running) {
      for (const other of this.#peers) {
        const isCut = this.#isolated.has(peer) || this.#isolated.has(other);
        if (other !== peer) transport.setLink(this.idOf(other), { cut: isCut ? "both" : "none" });
      }
    }
  }

  idOf(peer: string): NodeId {
    return this.#peers.indexOf(peer) + 1;
  }
}
