import { existsSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { ETCD_DEFAULT_TIMERS, etcdSystem, etcdVersion } from "../../bench/raft/etcd-cluster.ts";
import { EtcdTarget } from "../../bench/raft/etcd-target.ts";
import { Sweep } from "../../bench/raft/sweep.ts";

const version = etcdVersion();
const sweep = new Sweep();
afterAll(() => sweep.close());

describe.skipIf(version === undefined)("three real etcds", () => {
  it("elect a leader, take puts, and take them again after the leader was killed", { timeout: 60_000 }, async () => {
    const cluster = await etcdSystem("etcd", ETCD_DEFAULT_TIMERS).start(sweep, { cuttable: false });
    if (cluster === undefined) throw new Error("nothing was started");
    const targets = cluster.endpoints.map(({ address }) => new EtcdTarget(address));
    for (const target of targets) await target.put("key", Buffer.alloc(256), 5000);
    const before = await cluster.settled();
    expect((await targets[before.leader]?.status(5000))?.appliedIndex).toBeGreaterThanOrEqual(3);

    cluster.kill(before.leader);
    await cluster.restart(before.leader);
    expect((await cluster.settled()).term).toBeGreaterThanOrEqual(before.term);

    const pids = cluster.pids.filter((pid) => pid !== undefined);
    expect(pids).toHaveLength(3);
    for (const target of targets) target.close();
    await cluster.stop();
    expect(pids.filter((pid) => existsSync(`/proc/${pid}`))).toEqual([]);
  });
});
