import { describe, expect, test } from "vitest";
import { message, type Message } from "../../src/core/types.ts";
import { Cluster, Member, newLog, simple } from "./cluster.ts";

const DATA = new Uint8Array([1]);
const VOTERS = simple([1, 2, 3]);

/** Node 1 leads; node 3 has reopened a log that lost everything after the snapshot at index 1. */
function withLostLog(): Cluster {
  const cluster = new Cluster(VOTERS);
  const leader = cluster.elect(1);
  for (let i = 0; i < 5; i += 1) leader.propose(DATA);
  cluster.settle();
  const log = newLog(VOTERS);
  log.setHardState({ term: 2, vote: 1, commit: 1 });
  cluster.members.set(3, new Member(3, log, { abstains: true }));
  return cluster;
}

function votesFor(member: Member, request: Partial<Message>): Message | undefined {
  member.node.step(message({ type: "vote", from: 2, to: member.id, index: 9, logTerm: 9, ...request }));
  return member.work().find(({ type }) => type.endsWith("vote-response"));
}

describe("a node in doubt of its own log", () => {
  const inDoubt = (): Member => new Member(3, newLog(VOTERS), { abstains: true });

  test("grants no vote and no pre-vote, and says so", () => {
    expect(votesFor(inDoubt(), { type: "vote", term: 5 })).toMatchObject({ reject: true, term: 5 });
    expect(votesFor(inDoubt(), { type: "pre-vote", term: 5 })).toMatchObject({ reject: true });
    const sound = new Member(3, newLog(VOTERS), {});
    expect(votesFor(sound, { type: "vote", term: 5 })).toMatchObject({ reject: false });
  });

  test("that has lost even its term says nothing", () => {
    const log = newLog(VOTERS);
    log.setHardState({ term: 0, vote: 0, commit: 1 });
    expect(votesFor(new Member(3, log, { abstains: true }), { type: "pre-vote", term: 5 })).toBeUndefined();
  });

  test("never campaigns: not by ticks, nor when told, nor for a leader that hands over", () => {
    const member = inDoubt();
    member.tick(100);
    member.node.campaign();
    member.node.step(message({ type: "timeout-now", from: 1, to: 3, term: 1 }));
    expect(member.work()).toEqual([]);
    expect(member.node).toMatchObject({ role: "follower", term: 1 });
  });

  test("does not even if it is the only voter, until the doubt is lifted", () => {
    const member = new Member(3, newLog(simple([3])), { abstains: true });
    member.tick(100);
    member.work();
    expect(member.node.role).toBe("follower");
    member.node.abstain(false);
    member.node.campaign();
    member.work();
    expect(member.node.role).toBe("leader");
  });

  test("steps down if it led, and gives up if it campaigned", () => {
    const cluster = new Cluster(VOTERS);
    const leader = cluster.elect(1);
    leader.abstain(true);
    expect(leader).toMatchObject({ role: "follower", lead: 0, term: 2 });
    const candidate = cluster.at(2).node;
    candidate.campaign();
    expect(candidate.role).toBe("candidate");
    candidate.abstain(true);
    expect(candidate.role).toBe("follower");
  });

  test("takes the log in and counts for what it then holds", () => {
    const cluster = withLostLog();
    const leader = cluster.at(1).node;
    leader.tick();
    cluster.settle();
    leader.propose(DATA);
    // Only node 3 answers: with the leader it is the quorum.
    cluster.settle(({ from }) => from !== 2);
    expect(leader.commit).toBe(leader.lastIndex);
    expect(cluster.at(3).node.lastIndex).toBe(leader.lastIndex);
  });
});

describe("a log that lost what it had acknowledged", () => {
  test("is filled again after a heartbeat that speaks of lost entries", () => {
    const cluster = withLostLog();
    const leader = cluster.at(1).node;
    leader.tick();
    cluster.settle();
    expect(cluster.at(3).node).toMatchObject({ lastIndex: 7, commit: 7 });
    expect(leader.status().progress.get(3)).toMatchObject({ match: 7, state: "replicate" });
  });

  test("is filled again after an append that does not fit, when only uncommitted entries are lost", () => {
    const cluster = new Cluster(VOTERS);
    const leader = cluster.elect(1);
    leader.propose(DATA);
    // Node 3 was the first to hold it; the leader is still writing.
    leader.step(message({ type: "append-response", from: 3, to: 1, term: 2, index: leader.lastIndex }));
    expect(leader.status().progress.get(3)?.match).toBe(3);
    const log = newLog(VOTERS);
    log.append(cluster.at(1).log.entries(2, 3, Infinity));
    log.setHardState({ term: 2, vote: 1, commit: 2 });
    cluster.members.set(3, new Member(3, log, { abstains: true }));
    cluster.settle(({ type, to }) => !(type === "append" && to === 3));
    leader.propose(DATA);
    cluster.settle();
    expect(cluster.at(3).node.lastIndex).toBe(4);
  });

  test("is not believed where what it lost had replaced something: a heartbeat commits nothing of that", () => {
    const cluster = new Cluster(VOTERS);
    const leader = cluster.elect(1);
    leader.propose(DATA);
    cluster.settle();
    const log = newLog(VOTERS);
    const stale = [2, 3, 4].map((index) => ({ index, term: 1, type: "normal" as const, data: DATA }));
    log.append(stale);
    log.setHardState({ term: 2, vote: 1, commit: 1 });
    cluster.members.set(3, new Member(3, log, { abstains: true }));
    leader.tick();
    cluster.settle(({ type, to }) => to !== 3 || type === "heartbeat");
    expect(cluster.at(3).node.commit).toBe(1);
    leader.tick();
    cluster.settle();
    expect(cluster.at(3).node).toMatchObject({ lastIndex: 3, commit: 3 });
    expect(log.term(3)).toBe(2);
  });

  test("is filled again when its first words of it do not arrive, and not before", () => {
    const cluster = withLostLog();
    const leader = cluster.at(1).node;
    let lost = 0;
    leader.tick();
    leader.propose(DATA);
    cluster.settle(({ type }) => {
      if (type !== "log-lost" || lost === 20) return true;
      expect(cluster.at(3).node.lastIndex).toBe(1);
      lost += 1;
      return false;
    });
    expect(lost).toBe(20);
    expect(cluster.at(3).node.lastIndex).toBe(leader.lastIndex);
  });
});

describe("a report that a follower lost its log", () => {
  test("makes the leader look where it stands, and takes nothing back that is committed", () => {
    const cluster = withLostLog();
    const leader = cluster.at(1).node;
    leader.reportLost(3, 1);
    expect(leader.status().progress.get(3)).toMatchObject({ match: 1, next: 2, state: "probe" });
    expect(leader.commit).toBe(7);
    cluster.settle();
    expect(cluster.at(3).node.commit).toBe(7);
  });

  test("does no harm when it comes late, twice, or of nobody known", () => {
    const cluster = withLostLog();
    const leader = cluster.at(1).node;
    for (const lastIndex of [1, 1, 0, 5, 99]) {
      leader.reportLost(3, lastIndex);
      leader.step(message({ type: "log-lost", from: 2, to: 1, index: lastIndex }));
      cluster.settle();
    }
    leader.reportLost(9, 0);
    leader.reportLost(1, 0);
    cluster.at(2).node.reportLost(3, 0);
    cluster.settle();
    for (const id of [1, 2, 3]) expect(cluster.at(id).node).toMatchObject({ lastIndex: 7, commit: 7 });
    expect(leader.status().progress.get(1)?.match).toBe(7);
  });

  test("brings a snapshot when the lost entries are compacted away", () => {
    const cluster = withLostLog();
    cluster.at(1).log.applySnapshot({ index: 7, term: 2, confState: VOTERS, data: new Uint8Array() });
    const leader = cluster.at(1).node;
    leader.reportLost(3, 1);
    const messages = cluster.at(1).work();
    expect(messages).toMatchObject([{ type: "snapshot", to: 3, snapshot: { index: 7 } }]);
  });
});

describe("a node whose log was put back to an older state, which nothing in it tells", () => {
  test("stops as soon as its leader names an entry that it had acknowledged and has no more", () => {
    const log = newLog(VOTERS);
    log.setHardState({ term: 2, vote: 1, commit: 1 });
    const member = new Member(3, log, {});
    const heartbeat = (commit: number) => message({ type: "heartbeat", from: 1, to: 3, term: 2, commit });
    member.node.step(heartbeat(log.lastIndex()));
    expect(() => member.node.step(heartbeat(log.lastIndex() + 1))).toThrow(
      expect.objectContaining({ name: "RaftError", code: "log-lost" }),
    );
  });
});
