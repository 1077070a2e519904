import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { singleChangeEntry } from "../../src/core/conf-change.ts";
import type { RawNode } from "../../src/core/raw-node.ts";
import { Lease } from "../../src/core/stamps.ts";
import { message, NONE, type ConfState, type Message, type NodeId } from "../../src/core/types.ts";
import { InvariantError } from "../../src/errors.ts";
import { Cluster, Member, newLog, simple, type Given } from "./cluster.ts";

const VOTERS = simple([1, 2, 3]);
const LEASES: Given = { readOnly: "lease-based", checkQuorum: true };
const CONTEXT = new TextEncoder().encode("read");
/** With an election timeout of 10 ticks and a drift of 10 %: the oldest stamp, in ticks, that a lease can rest on. */
const LASTS = 7;

/** Node 1 leads, and has heard back from everyone since its last tick. */
function led(
  confState: ConfState = VOTERS,
  given: Given = {},
): { readonly cluster: Cluster; readonly leader: RawNode } {
  const cluster = new Cluster(confState, { ...LEASES, ...given });
  // Whoever starts waits for one election timeout.
  for (const member of cluster.members.values()) member.tick(9);
  const { node: leader } = cluster.at(1);
  for (const member of cluster.members.values()) member.tick();
  leader.campaign();
  cluster.settle();
  leader.tick();
  cluster.settle();
  expect(leader.role).toBe("leader");
  return { cluster, leader };
}

function hasLease(node: RawNode): boolean {
  return node.status().hasLease;
}

/** Ticks of a leader that nobody answers any more, until it has no lease. */
function ticksOfLease(leader: RawNode): number {
  for (let ticks = 0; ticks < 100; ticks += 1) {
    if (!hasLease(leader)) return ticks;
    leader.tick();
  }
  throw new Error("the lease does not end");
}

function answer(leader: RawNode, from: NodeId, index: number, term = leader.term): void {
  leader.step(message({ type: "heartbeat-response", from, to: 1, term, index }));
}

/** The stamp of the heartbeat that the leader sends with its next tick. */
function nextStamp(leader: Member): number {
  leader.tick();
  return leader.work().findLast(({ type }) => type === "heartbeat")?.index ?? 0;
}

function request(type: "vote" | "pre-vote", term: number, context?: Uint8Array): Message {
  return message({ type, from: 3, to: 2, term, index: 99, logTerm: 99, context });
}

function grants(member: Member, asked: Message): boolean {
  member.node.step(asked);
  return member.work().some(({ type, reject }) => type === `${asked.type}-response` && !reject);
}

describe("a lease", () => {
  test("remembers the newest stamp of each, in whatever order answers come", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.nat(50))), (answers) => {
        const lease = new Lease();
        for (const [id, stamp] of answers) lease.answered(id, stamp);
        for (const id of [1, 2, 3]) {
          const stamps = answers.filter(([from]) => from === id).map(([, stamp]) => stamp);
          expect(lease.newest(id)).toBe(Math.max(0, ...stamps));
        }
      }),
    );
  });

  test("begins when a quorum has answered, and ends before the first of it may vote", () => {
    const { leader } = led();
    expect(hasLease(leader)).toBe(true);
    expect(ticksOfLease(leader)).toBe(LASTS + 1);
  });

  test("is shorter the more clocks may drift, and not there at all when they may drift too much", () => {
    const lasts = (maxClockDrift: number): number => ticksOfLease(led(VOTERS, { maxClockDrift }).leader);
    expect([0, 0.1, 0.5, 1, 3].map(lasts)).toEqual([9, 8, 6, 4, 2]);
    expect(lasts(9)).toBe(0);
  });

  test("counts from when the heartbeat was sent, not from when its answer came", () => {
    const { cluster, leader } = led();
    const stamp = nextStamp(cluster.at(1));
    for (let i = 0; i < LASTS - 1; i += 1) leader.tick();
    answer(leader, 2, stamp);
    expect(ticksOfLease(leader)).toBe(2);
    answer(leader, 3, stamp - 1);
    answer(leader, 3, stamp);
    expect(hasLease(leader)).toBe(false);
  });

  test("asks for a majority", () => {
    const { cluster, leader } = led(simple([1, 2, 3, 4, 5]));
    expect(ticksOfLease(leader)).toBe(LASTS + 1);
    const stamp = nextStamp(cluster.at(1));
    answer(leader, 2, stamp);
    expect(hasLease(leader)).toBe(false);
    answer(leader, 4, stamp);
    expect(hasLease(leader)).toBe(true);
  });

  test("does not count learners", () => {
    const { cluster, leader } = led(simple([1, 2, 3], [4]));
    ticksOfLease(leader);
    const stamp = nextStamp(cluster.at(1));
    answer(leader, 4, stamp);
    expect(hasLease(leader)).toBe(false);
    answer(leader, 2, stamp);
    expect(hasLease(leader)).toBe(true);
  });

  test("asks for both majorities of a joint configuration", () => {
    const joint: ConfState = { ...simple([1, 2, 3]), votersOutgoing: [1, 4, 5] };
    const { cluster, leader } = led(joint);
    ticksOfLease(leader);
    const stamp = nextStamp(cluster.at(1));
    answer(leader, 2, stamp);
    answer(leader, 3, stamp);
    expect(hasLease(leader)).toBe(false);
    answer(leader, 5, stamp);
    expect(hasLease(leader)).toBe(true);
  });

  test("is not claimed while a membership change is on its way, nor by a leader that is no voter", () => {
    const { cluster, leader } = led();
    leader.proposeMembership(singleChangeEntry({ operation: "remove", node: 1 }));
    expect(hasLease(leader)).toBe(false);
    cluster.settle();
    leader.applyMembership({
      transition: "auto",
      steps: [{ operation: "remove", node: 1 }],
      context: new Uint8Array(),
    });
    leader.tick();
    cluster.settle();
    expect(leader).toMatchObject({ role: "leader" });
    expect(hasLease(leader)).toBe(false);
  });

  test("does not rest on answers of an earlier term", () => {
    const { cluster, leader } = led();
    ticksOfLease(leader);
    const stamp = nextStamp(cluster.at(1));
    answer(leader, 2, stamp, leader.term - 1);
    expect(hasLease(leader)).toBe(false);
    answer(leader, 2, stamp);
    expect(hasLease(leader)).toBe(true);
  });

  test("is gone with the office, and does not come back with the next", () => {
    const { cluster, leader } = led();
    leader.step(message({ type: "append-response", from: 2, to: 1, term: leader.term + 1 }));
    expect(leader.role).toBe("follower");
    expect(hasLease(leader)).toBe(false);
    leader.campaign();
    cluster.at(1).work();
    leader.step(message({ type: "vote-response", from: 2, to: 1, term: leader.term }));
    cluster.at(1).work();
    leader.step(message({ type: "append-response", from: 2, to: 1, term: leader.term, index: leader.lastIndex }));
    cluster.at(1).work();
    expect(leader).toMatchObject({ role: "leader", commit: leader.lastIndex });
    expect(hasLease(leader)).toBe(false);
    answer(leader, 2, nextStamp(cluster.at(1)));
    expect(hasLease(leader)).toBe(true);
  });

  test("is lost to the second voter until that has answered, however young the leader is", () => {
    const alone = new Member(1, newLog(simple([1])), LEASES);
    alone.node.campaign();
    alone.work();
    expect(hasLease(alone.node)).toBe(true);
    const step = { operation: "add-voter", node: 2 } as const;
    alone.node.proposeMembership(singleChangeEntry(step));
    alone.work();
    alone.node.applyMembership({ transition: "auto", steps: [step], context: new Uint8Array() });
    expect(hasLease(alone.node)).toBe(false);
    answer(alone.node, 2, nextStamp(alone));
    expect(hasLease(alone.node)).toBe(true);
  });

  test("does not come back in a term in which a transfer began, whatever came of that", () => {
    const { cluster, leader } = led();
    leader.transferLeadership(2);
    expect(hasLease(leader)).toBe(false);
    cluster.settle(({ type }) => type !== "timeout-now");
    for (let i = 0; i < 20; i += 1) {
      for (const member of cluster.members.values()) member.tick();
      cluster.settle();
    }
    expect(leader).toMatchObject({ role: "leader", transferee: NONE });
    expect(hasLease(leader)).toBe(false);
  });

  test("is nothing to a node that confirms its reads", () => {
    const cluster = new Cluster(VOTERS, { checkQuorum: true });
    const leader = cluster.elect(1);
    expect(nextStamp(cluster.at(1))).toBe(0);
    cluster.at(2).node.step(message({ type: "heartbeat", from: 1, to: 2, term: 2, index: 5 }));
    expect(cluster.at(2).work()).toMatchObject([{ type: "heartbeat-response", index: 0 }]);
    expect(hasLease(leader)).toBe(false);
  });
});

describe("a read", () => {
  test("is answered at once under a lease", () => {
    const { cluster, leader } = led();
    leader.readIndex(CONTEXT);
    expect(cluster.at(1).work()).toEqual([]);
    expect(cluster.at(1).reads).toMatchObject([{ index: leader.commit }]);
  });

  test("is confirmed by a quorum when there is no lease", () => {
    const { cluster, leader } = led();
    ticksOfLease(leader);
    cluster.at(1).work();
    leader.readIndex(CONTEXT);
    const beats = cluster.at(1).work();
    expect(beats.map(({ type }) => type)).toEqual(["heartbeat", "heartbeat"]);
    expect(cluster.at(1).reads).toEqual([]);
    cluster.at(2).node.step(beats[0] ?? message({ type: "beat" }));
    for (const each of cluster.at(2).work()) leader.step(each);
    cluster.at(1).work();
    expect(cluster.at(1).reads).toMatchObject([{ index: leader.commit }]);
    // Its quorum is as good for a lease as any.
    expect(hasLease(leader)).toBe(true);
  });

  test("waits under a lease, too, until the leader has committed in its own term", () => {
    const cluster = new Cluster(VOTERS, LEASES);
    for (const member of cluster.members.values()) member.tick(10);
    const { node: leader } = cluster.at(1);
    leader.campaign();
    cluster.settle(({ type }) => type !== "append");
    expect(leader).toMatchObject({ role: "leader", commit: 1 });
    for (const id of [2, 3]) answer(leader, id, nextStamp(cluster.at(1)));
    leader.readIndex(CONTEXT);
    cluster.settle(({ type }) => type !== "append");
    expect(cluster.at(1).reads).toEqual([]);
    leader.tick();
    cluster.settle();
    expect(cluster.at(1).reads).toMatchObject([{ index: 2 }]);
  });
});

describe("a follower's promise", () => {
  const promised = (given: Given = {}): Member => {
    const member = new Member(2, newLog(VOTERS), { ...LEASES, ...given });
    member.tick(30);
    member.work();
    member.node.step(message({ type: "heartbeat", from: 1, to: 2, term: 5, index: 40 }));
    expect(member.work().at(-1)).toMatchObject({ type: "heartbeat-response", to: 1, index: 40 });
    return member;
  };

  test("keeps it from voting for one election timeout", () => {
    for (const type of ["vote", "pre-vote"] as const) {
      const member = promised({ random: () => 0.9 });
      member.tick(9);
      expect(grants(member, request(type, 9))).toBe(false);
      member.tick();
      expect(grants(member, request(type, 9))).toBe(true);
    }
  });

  test("outlives the leader's term and the memory of the leader", () => {
    const member = promised({ random: () => 0.9 });
    member.node.step(message({ type: "append-response", from: 3, to: 2, term: 8 }));
    expect(member.node).toMatchObject({ term: 8, lead: NONE });
    member.node.forgetLeader();
    expect(grants(member, request("vote", 8))).toBe(false);
    expect(grants(member, request("pre-vote", 9))).toBe(false);
    member.tick(10);
    expect(grants(member, request("vote", 8))).toBe(true);
  });

  test("keeps it from campaigning when told, but not for a leader that hands over", () => {
    const member = promised();
    member.node.campaign();
    expect(member.node.role).toBe("follower");
    member.node.step(message({ type: "timeout-now", from: 1, to: 2, term: 5 }));
    expect(member.node).toMatchObject({ role: "candidate", term: 6 });
  });

  test("gives way to a vote that its leader asked for", () => {
    const transfer = new TextEncoder().encode("transfer");
    expect(grants(promised(), request("vote", 6, transfer))).toBe(true);
  });

  test("is made by starting, because what was promised before is forgotten", () => {
    const member = new Member(2, newLog(VOTERS), { ...LEASES, random: () => 0.9 });
    member.tick(9);
    expect(grants(member, request("vote", 9))).toBe(false);
    member.node.campaign();
    // Nor does it take up the candidate's term: whoever leads is not disturbed.
    expect(member.node).toMatchObject({ role: "follower", term: 1 });
    member.tick();
    expect(grants(member, request("vote", 9))).toBe(true);
  });

  test("is not made on the start of the only voter, unless its log may hold others", () => {
    const alone = new Member(1, newLog(simple([1])), LEASES);
    alone.node.campaign();
    alone.work();
    expect(alone.node.role).toBe("leader");
    const log = newLog(simple([1]));
    log.append([{ index: 2, term: 1, ...singleChangeEntry({ operation: "add-voter", node: 2 }) }]);
    const joined = new Member(1, log, LEASES);
    joined.node.campaign();
    expect(joined.node.role).toBe("follower");
  });

  test("does not become shorter with the election timeout", () => {
    const { node } = promised();
    expect(() => node.setElectionTicks(9)).toThrow(InvariantError);
    node.setElectionTicks(30);
    node.setElectionTicks(10);
    new Member(2, newLog(VOTERS), {}).node.setElectionTicks(9);
  });
});
