import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemEnvironment } from "../../src/index.ts";
import { commit, MemoryCluster, until } from "./memory-cluster.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

describe("a cluster of three nodes", () => {
  let cluster: MemoryCluster;

  beforeEach(async () => {
    cluster = new MemoryCluster();
    await cluster.startAll([1, 2, 3], { limits: { snapshotEntries: 50 } });
  });

  afterEach(async () => {
    await cluster.stopAll();
  });

  it("elects a leader, commits a command and applies it everywhere", async () => {
    const { node } = await cluster.leader();
    const outcome = await node.propose(encoder.encode("hello"));
    expect(outcome).toMatchObject({ outcome: "committed" });
    expect(outcome.outcome === "committed" && decoder.decode(outcome.result)).toBe("1");
    await until(() => [1, 2, 3].every((id) => cluster.member(id).machine.commands.length === 1));
  });

  it("names the leader to whoever proposes elsewhere, or passes the proposal on when asked to", async () => {
    const { node: leader } = await cluster.leader();
    const follower = cluster.member(leader.id === 1 ? 2 : 1).node;
    await until(() => follower.status().lead === leader.id);
    expect(await follower.propose(encoder.encode("a"))).toEqual({ outcome: "not-leader", leader: leader.id });
    const passedOn = await follower.propose(encoder.encode("b"), { forward: true });
    expect(passedOn).toMatchObject({ outcome: "committed" });
  });

  it("opens a session for whoever asks a follower, if that may pass it on", async () => {
    const { node: leader } = await cluster.leader();
    const follower = cluster.member(leader.id === 1 ? 2 : 1).node;
    await until(() => follower.status().lead === leader.id);
    expect(await follower.openSession()).toEqual({ outcome: "not-leader", leader: leader.id });
    const opened = await follower.openSession({ forward: true });
    if (opened.outcome !== "opened") throw new Error(opened.outcome);
    const session = { session: opened.session, sequence: 1, acknowledged: 0 };
    const once = await follower.propose(encoder.encode("once"), { forward: true, session });
    const again = await leader.propose(encoder.encode("once"), { session });
    expect(again).toMatchObject({ outcome: "committed", result: once.outcome === "committed" ? once.result : "none" });
    expect(cluster.member(leader.id).machine.commands).toEqual(["once"]);
  });

  it("serves linearizable reads on every node", async () => {
    await commit(cluster, "written");
    for (const id of [1, 2, 3]) {
      const { node, machine } = cluster.member(id);
      expect(await node.read()).toMatchObject({ outcome: "readable" });
      expect(machine.commands).toEqual(["written"]);
    }
  });

  it("has a read that went to a leader that is gone confirmed by the next one", async () => {
    await commit(cluster, "written");
    const { node: old } = await cluster.leader();
    const { node, machine } = cluster.member(old.id === 1 ? 2 : 1);
    cluster.network.cut.add(old.id);
    expect(await node.read({ timeoutMs: 20_000 })).toMatchObject({ outcome: "readable" });
    expect(node.status().lead).not.toBe(old.id);
    expect(machine.commands).toEqual(["written"]);
  });

  it("keeps what was committed when the leader is killed, and elects another", async () => {
    await commit(cluster, "before");
    const { node: old } = await cluster.leader();
    await cluster.kill(old.id);
    cluster.network.sayGone(old.id);
    await commit(cluster, "after");
    const { machine } = await cluster.leader();
    expect(machine.commands).toEqual(["before", "after"]);
    const back = await cluster.start(old.id);
    await until(() => back.machine.commands.length === 2);
  });

  it("does not answer for a leader that is cut off, and says what is certain once it is back", async () => {
    const { node: old } = await cluster.leader();
    cluster.network.cut.add(old.id);
    const lost = old.propose(encoder.encode("lost"), { timeoutMs: 20_000 });
    const read = old.read({ timeoutMs: 300 });
    await commit(cluster, "kept");
    expect((await read).outcome).not.toBe("readable");
    cluster.network.cut.delete(old.id);
    expect(await lost).toMatchObject({ outcome: "refused", reason: "superseded" });
    await until(() => cluster.member(old.id).machine.commands.length === 1);
    expect(cluster.member(old.id).machine.commands).toEqual(["kept"]);
  });

  it("tells a proposer that it does not know, when the deadline passes first", async () => {
    const { node } = await cluster.leader();
    for (const id of [1, 2, 3]) if (id !== node.id) cluster.network.cut.add(id);
    const outcome = await node.propose(encoder.encode("x"), { timeoutMs: 60 });
    expect(outcome).toMatchObject({ outcome: "unknown", reason: "deadline" });
  });

  it("carries a command of a session out once, however often it comes", async () => {
    const { node } = await cluster.leader();
    const opened = await node.openSession();
    expect(opened.outcome).toBe("opened");
    const session = { session: opened.outcome === "opened" ? opened.session : 0, sequence: 1, acknowledged: 0 };
    const tries = await Promise.all([1, 2, 3].map(() => node.propose(encoder.encode("once"), { session })));
    const later = await node.propose(encoder.encode("once"), { session });
    for (const each of [...tries, later]) {
      expect(each.outcome === "committed" && decoder.decode(each.result)).toBe("1");
    }
    const next = { ...session, sequence: 2, acknowledged: 1 };
    expect(await node.propose(encoder.encode("twice"), { session: next })).toMatchObject({ outcome: "committed" });
    const stale = await node.propose(encoder.encode("once"), { session });
    expect(stale).toMatchObject({ outcome: "refused", reason: "already-acknowledged" });
    const { machine } = await cluster.leader();
    expect(machine.commands).toEqual(["once", "twice"]);
  });

  it("remembers sessions through snapshots and restarts", async () => {
    const { node } = await cluster.leader();
    const opened = await node.openSession();
    const session = { session: opened.outcome === "opened" ? opened.session : 0, sequence: 1, acknowledged: 0 };
    await node.propose(encoder.encode("once"), { session });
    for (const id of [1, 2, 3]) {
      await until(() => cluster.member(id).machine.commands.length === 1);
      await cluster.member(id).node.snapshot();
    }
    await cluster.kill(1, 2, 3);
    for (const id of [1, 2, 3]) await cluster.start(id);
    const { node: leader, machine } = await cluster.leader();
    const again = await leader.propose(encoder.encode("once"), { session });
    expect(again.outcome === "committed" && decoder.decode(again.result)).toBe("1");
    expect(machine.commands).toEqual(["once"]);
  });

  it("adds a node that is far behind by a snapshot, and lets one leave", async () => {
    for (let i = 0; i < 120; i += 1) await commit(cluster, `c${i}`);
    const joined = await cluster.start(4);
    const { node } = await cluster.leader();
    const learner = await node.changeMembership([{ operation: "add-learner", node: 4 }]);
    expect(learner).toMatchObject({ outcome: "committed", confState: { learners: [4] } });
    await until(() => joined.machine.commands.length === 120);
    expect(joined.node.status().counters.snapshotsReceived).toBeGreaterThan(0);
    const voter = await node.changeMembership([{ operation: "add-voter", node: 4 }]);
    expect(voter).toMatchObject({ outcome: "committed", confState: { voters: [1, 2, 3, 4] } });
    const leaving = await node.leave({ timeoutMs: 20_000 });
    expect(leaving).toMatchObject({ outcome: "committed" });
    cluster.members.delete(node.id);
    await commit(cluster, "without it");
    const { node: next } = await cluster.leader();
    expect(next.status().confState.voters).not.toContain(node.id);
  });

  it("replaces two members at once through a joint configuration", async () => {
    await cluster.start(4);
    const { node } = await cluster.leader();
    const other = node.id === 1 ? 2 : 1;
    const outcome = await node.changeMembership([
      { operation: "add-voter", node: 4 },
      { operation: "remove", node: other },
    ]);
    expect(outcome).toMatchObject({ outcome: "committed", confState: { votersOutgoing: [] } });
    expect(node.status().confState.voters).toContain(4);
    expect(node.status().confState.voters).not.toContain(other);
  });

  it("hands leadership over when asked, and when it stops", async () => {
    const { node } = await cluster.leader();
    const to = node.id === 1 ? 2 : 1;
    expect(await node.transferLeadership(to)).toEqual({ outcome: "transferred", leader: to });
    expect(await node.transferLeadership(to)).toMatchObject({ outcome: "not-leader", leader: to });
    const { node: leader } = cluster.member(to);
    const { term } = leader.status();
    await leader.stop();
    cluster.members.delete(to);
    const { node: next } = await cluster.leader();
    expect(next.status().term).toBe(term + 1);
  });

  it("refuses to hand over to someone who is no voter", async () => {
    const { node } = await cluster.leader();
    expect(await node.transferLeadership(9)).toMatchObject({ outcome: "refused", reason: "bad-transferee" });
  });

  it("refuses a change of membership that would leave no voter, and what is too large or too much", async () => {
    const { node } = await cluster.leader();
    const none = await node.changeMembership([1, 2, 3].map((id) => ({ operation: "remove", node: id })));
    expect(none).toMatchObject({ outcome: "refused", reason: "bad-membership-change" });
    expect(node.status().confState.voters).toEqual([1, 2, 3]);
    const large = await node.propose(new Uint8Array(2 * 1024 * 1024));
    expect(large).toMatchObject({ outcome: "refused", reason: "too-large" });
  });

  it("lets a node whose log lost what it acknowledged vote again only after it was a learner", async () => {
    const { node: leader } = await cluster.leader();
    const id = leader.id === 3 ? 2 : 3;
    for (let i = 0; i < 5; i += 1) await commit(cluster, `c${i}`);
    await until(() => cluster.member(id).machine.commands.length === 5);
    await cluster.kill(id);
    cluster.disks.get(id)?.loseSynced(3);
    const back = await cluster.start(id);
    expect(back.node.status().log.state).toBe("doubtful");
    await until(() => back.node.status().log.state === "intact");
    await until(() => back.machine.commands.length === 5);
    const { node } = await cluster.leader();
    expect(node.status().confState.voters).toEqual([1, 2, 3]);
  });

  it("settles what waits when it stops", async () => {
    const { node } = await cluster.leader();
    for (const id of [1, 2, 3]) if (id !== node.id) cluster.network.cut.add(id);
    const proposal = node.propose(encoder.encode("x"));
    const read = node.read();
    const { lastIndex } = node.status();
    await until(() => node.status().lastIndex > lastIndex);
    await node.stop({ timeoutMs: 1 });
    expect(await proposal).toMatchObject({ outcome: "unknown", reason: "stopped" });
    expect(await read).toMatchObject({ outcome: "refused", reason: "stopped" });
    expect(await node.propose(encoder.encode("y"))).toMatchObject({ outcome: "refused", reason: "stopped" });
    expect(await node.stopped).toBeUndefined();
  });
});

describe("a cluster of one node", () => {
  it("needs nobody else, and trusts what is left of its log", async () => {
    const cluster = new MemoryCluster();
    await cluster.startAll([1]);
    await commit(cluster, "alone");
    await cluster.kill(1);
    cluster.disks.get(1)?.loseSynced(1);
    await cluster.start(1);
    await commit(cluster, "again");
    expect(cluster.member(1).node.status().log.state).toBe("intact");
    await cluster.stopAll();
  });
});

describe("a cluster under leases", () => {
  it("reads without asking anybody while the lease holds, and asks a quorum when the process stood still", async () => {
    const cluster = new MemoryCluster();
    const skew = new Map<number, number>();
    const system = systemEnvironment();
    for (const id of [1, 2, 3]) {
      const environment = { ...system, nowMs: () => system.nowMs() + (skew.get(id) ?? 0) };
      await cluster.start(id, { bootstrap: [1, 2, 3], leases: { maxClockDrift: 0.1 }, environment });
    }
    await commit(cluster, "x");
    const { node } = await cluster.leader();
    await until(() => node.status().hasLease);
    for (const id of [1, 2, 3]) if (id !== node.id) cluster.network.cut.add(id);
    expect(await node.read({ timeoutMs: 20 })).toMatchObject({ outcome: "readable" });
    // As if it had been stopped for a second: it must not answer by itself before it knows.
    skew.set(node.id, 1_000);
    expect(await node.read({ timeoutMs: 200 })).toMatchObject({ outcome: "refused" });
    await cluster.stopAll();
  });
});

describe("a change of membership", () => {
  it("counts after the end of all, though nothing was written after it: whoever it made unnecessary may be gone", async () => {
    const cluster = new MemoryCluster();
    await cluster.startAll([1, 2]);
    await cluster.start(3);
    const { node } = await cluster.leader();
    for (const operation of ["add-learner", "add-voter"] as const) {
      expect(await node.changeMembership([{ operation, node: 3 }])).toMatchObject({ outcome: "committed" });
      await until(() =>
        cluster.member(3).node.status().confState[operation === "add-voter" ? "voters" : "learners"].includes(3),
      );
    }
    const others = [1, 2, 3].filter((id) => id !== node.id);
    const votersAt = (id: number): number => cluster.member(id).node.status().confState.voters.length;
    await until(() => others.every((id) => votersAt(id) === 3));
    // As long as a disk takes.
    await new Promise((resolve) => setTimeout(resolve, 50));
    await cluster.kill(1, 2, 3);
    for (const id of others) await cluster.start(id);
    await commit(cluster, "without the third");
    expect(others.map(votersAt)).toEqual([3, 3]);
    await cluster.stopAll();
  });
});
