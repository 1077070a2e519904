import { describe, expect, test } from "vitest";
import { InvariantError } from "../../src/errors.ts";
import { Cluster, Member, newLog, simple } from "./cluster.ts";

const VOTERS = simple([1, 2, 3]);

describe("what a node says of itself at once", () => {
  test("is what its status says", () => {
    const cluster = new Cluster(VOTERS);
    const leader = cluster.elect(1);
    leader.propose(new Uint8Array([1]));
    leader.transferLeadership(2);
    for (const { node } of cluster.members.values()) {
      const { role, term, lead, lastIndex, commit, transferee } = node.status();
      expect(node).toMatchObject({ role, term, lead, lastIndex, commit, transferee });
    }
    expect(leader).toMatchObject({ role: "leader", term: 2, lead: 1, lastIndex: 3, commit: 2, transferee: 2 });
  });
});

describe("the election timeout", () => {
  test("can be made longer and shorter while a node waits, and the time that has run counts", () => {
    const { node, tick } = follower();
    tick(8);
    node.setElectionTicks(20);
    tick(11);
    expect(node.role).toBe("follower");
    tick(1);
    expect(node.role).toBe("candidate");
    const other = follower();
    other.tick(8);
    other.node.setElectionTicks(4);
    other.tick(1);
    expect(other.node.role).toBe("candidate");
  });

  test("draws its random part anew, from the new length", () => {
    const { node, tick } = follower(() => 0.99);
    node.setElectionTicks(100);
    tick(198);
    expect(node.role).toBe("follower");
    tick(1);
    expect(node.role).toBe("candidate");
  });

  test("is how long a leader goes without a quorum", () => {
    const cluster = new Cluster(VOTERS, { checkQuorum: true });
    const leader = cluster.elect(1);
    leader.setElectionTicks(30);
    // The first check finds those who voted for it.
    for (let i = 0; i < 30; i += 1) leader.tick();
    expect(leader.role).toBe("leader");
    for (let i = 0; i < 29; i += 1) leader.tick();
    expect(leader.role).toBe("leader");
    leader.tick();
    expect(leader.role).toBe("follower");
  });

  test("must be longer than a heartbeat, and a whole number", () => {
    const { node } = follower();
    for (const ticks of [1, 0, -5, 2.5, Infinity, NaN]) {
      expect(() => node.setElectionTicks(ticks)).toThrow(InvariantError);
    }
  });
});

function follower(random = (): number => 0): { readonly node: Member["node"]; readonly tick: (times: number) => void } {
  const member = new Member(1, newLog(VOTERS), { random });
  return { node: member.node, tick: (times) => member.tick(times) };
}
