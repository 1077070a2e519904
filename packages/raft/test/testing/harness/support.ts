/** Clusters of real processes for tests, which end with the test. */
import { Cluster, type ClusterOptions } from "../../../src/testing/harness/cluster.ts";
import type { NodeId } from "../../../src/core/types.ts";
import { KvClient } from "../../../src/testing/harness/kv-client.ts";
import type { ClientOptions, KvOutcome } from "../../../src/testing/harness/request-client.ts";

export interface Setting {
  readonly cluster: Cluster;
  readonly leader: NodeId;
  /** A client of all nodes, with a session. */
  readonly kv: KvClient;
}

/** Runs `body` on a new cluster that has a leader. */
export async function withCluster(
  nodes: number,
  body: (setting: Setting) => Promise<void>,
  options: ClusterOptions = {},
): Promise<void> {
  await using cluster = await Cluster.start(nodes, options);
  const leader = await cluster.leader();
  const kv = clientOf(cluster);
  try {
    await body({ cluster, leader, kv });
  } finally {
    kv.close();
  }
}

export function clientOf(cluster: Cluster, options: Partial<ClientOptions> = {}): KvClient {
  return new KvClient({ ports: () => cluster.clientPorts(), timeoutMs: 20_000, ...options });
}

/** What an operation brought. @throws Error when it was not done. */
export async function done<T>(outcome: Promise<KvOutcome<T>>): Promise<T> {
  const settled = await outcome;
  if (settled.outcome !== "done") throw new Error(`not done: ${JSON.stringify(settled)}`);
  return settled.result;
}

/** Any node but `id`. */
export function otherThan(cluster: Cluster, id: NodeId): NodeId {
  const other = cluster.ids().find((each) => each !== id);
  if (other === undefined) throw new Error("there is only one node");
  return other;
}
