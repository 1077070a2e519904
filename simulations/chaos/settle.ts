/** The end of a run: no more faults, everyone back, all replicas alike. */
import { setTimeout as delay } from "node:timers/promises";
import { RaftError } from "@parley/raft";
import type { Cluster } from "@parley/raft/testing";
import { enrol } from "./faults.ts";

const ALIKE_MS = 30_000;
const POLL_MS = 50;

/** Ends all faults and makes every node a voter. @throws RaftError `unavailable` when that does not succeed. */
export async function healAll(cluster: Cluster): Promise<void> {
  await cluster.heal();
  for (const id of cluster.ids()) {
    if (cluster.isPaused(id)) cluster.resume(id);
    if (!cluster.isRunning(id)) await cluster.restart(id);
  }
  const leader = await cluster.leader();
  const { voters } = (await cluster.status(leader)).confState;
  for (const id of cluster.ids()) if (!voters.includes(id)) await enrol(cluster, id);
  for (const id of voters) {
    if (!cluster.ids().includes(id)) await cluster.changeMembership([{ operation: "remove", node: id }]);
  }
}

/** Waits until all nodes have applied equally much, and hold equal state. @throws RaftError `unavailable`. */
export async function replicasAlike(cluster: Cluster): Promise<void> {
  const deadline = performance.now() + ALIKE_MS;
  for (;;) {
    const states = await Promise.all(cluster.ids().map(async (id) => cluster.control(id, { action: "digest" })));
    if (new Set(states.map(({ applied, digest }) => `${applied} ${digest}`)).size === 1) return;
    if (performance.now() > deadline) {
      throw new RaftError("unavailable", `replicas differ after ${ALIKE_MS} ms: ${JSON.stringify(states)}`);
    }
    await delay(POLL_MS);
  }
}
