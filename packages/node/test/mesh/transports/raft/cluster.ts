/** Raft nodes on real peers in this process, for tests. */
import {
  MemoryDisk,
  openMemoryLog,
  startNode,
  type NodeId,
  type RaftNode,
  type Transport,
  type TransportReceiver,
} from "@parley/raft";
import { encodePut, KvMachine } from "@parley/raft/testing";
import { onTestFinished } from "vitest";
import type { RaftDirectory } from "../../../../src/mesh/transports/raft/directory.ts";
import type { RaftTransportLimits } from "../../../../src/mesh/transports/raft/limits.ts";
import { createRaftTransport } from "../../../../src/mesh/transports/raft/raft-transport.ts";
import { noLog } from "../../../support.ts";
import { until } from "../../host/hosts.ts";
import { linkAll, startMeshPeer, type MeshPeer } from "../mesh.ts";

export interface RaftPeer extends MeshPeer {
  readonly nodeId: NodeId;
  readonly node: RaftNode;
  readonly machine: KvMachine;
  /** What its transport told the driver, beside messages. */
  readonly told: readonly string[];
}

/** Numbers given to peers in the order in which they come. */
export class Directory implements RaftDirectory {
  readonly #peers: string[] = [];

  admit(peer: string): NodeId {
    return this.#peers.push(peer);
  }

  peerOf(node: NodeId): string | undefined {
    return this.#peers[node - 1];
  }

  nodeOf(peer: string): NodeId | undefined {
    const at = this.#peers.indexOf(peer);
    return at < 0 ? undefined : at + 1;
  }
}

export async function startRaftOn(
  peer: MeshPeer,
  directory: Directory,
  bootstrap?: readonly NodeId[],
  limits: Partial<RaftTransportLimits> = {},
): Promise<RaftPeer> {
  const nodeId = directory.nodeOf(peer.id) ?? directory.admit(peer.id);
  const machine = new KvMachine();
  const told: string[] = [];
  const transport = createRaftTransport({ ...peer, directory, self: nodeId, log: noLog, limits });
  const node = await startNode({
    id: nodeId,
    log: await openMemoryLog(new MemoryDisk(), { trailingEntries: 5 }),
    transport: listenedTo(transport, told),
    machine,
    ...(bootstrap === undefined ? {} : { bootstrap }),
    limits: { snapshotEntries: 40 },
  });
  onTestFinished(() => node.stop({ timeoutMs: 100 }));
  return { ...peer, nodeId, node, machine, told };
}

/** Peers that are linked, with a node each; the first of them leads soon or any other. */
export async function startCluster(size: number): Promise<{
  readonly peers: readonly RaftPeer[];
  readonly directory: Directory;
}> {
  const directory = new Directory();
  const mesh = await Promise.all(Array.from({ length: size }, () => startMeshPeer()));
  await linkAll(mesh);
  const voters = mesh.map(({ id }) => directory.admit(id));
  return { directory, peers: await Promise.all(mesh.map((peer) => startRaftOn(peer, directory, voters))) };
}

export async function leaderOf(peers: readonly RaftPeer[]): Promise<RaftPeer> {
  let leader: RaftPeer | undefined;
  await until(() => {
    leader = peers.find(({ node }) => node.status().role === "leader");
    return leader !== undefined;
  }, "a leader");
  if (leader === undefined) throw new Error("there is one");
  return leader;
}

/** Through any peer; again until it is done. */
export async function put(peers: readonly RaftPeer[], key: string, value: string): Promise<void> {
  await until(async () => {
    for (const { node } of peers) {
      const { outcome } = await node.propose(encodePut(key, Buffer.from(value)), { forward: true, timeoutMs: 2_000 });
      if (outcome === "committed") return true;
    }
    return false;
  }, `${key} = ${value}`);
}

export function valueOf({ machine }: RaftPeer, key: string): string | undefined {
  const pair = machine.get(key);
  return pair === undefined ? undefined : Buffer.from(pair.value).toString();
}

function listenedTo(transport: Transport, told: string[]): Transport {
  return {
    start: (receiver: TransportReceiver) =>
      transport.start({
        receive: (message) => receiver.receive(message),
        receiveSnapshot: async (message, bytes, chunks) => {
          await receiver.receiveSnapshot(message, bytes, chunks);
          told.push(`snapshot ${bytes}`);
        },
        unreachable: (node) => {
          told.push(`unreachable ${node}`);
          receiver.unreachable(node);
        },
        gone: (node) => {
          told.push(`gone ${node}`);
          receiver.gone(node);
        },
      }),
    send: (messages) => transport.send(messages),
    sendSnapshot: (message, contents, signal) => transport.sendSnapshot(message, contents, signal),
    roundTripMs: (node) => transport.roundTripMs(node),
    close: () => transport.close(),
  };
}
