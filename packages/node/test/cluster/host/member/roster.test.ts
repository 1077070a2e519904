import { describe, expect, it } from "vitest";
import type { ClusterRecord } from "../../../../src/cluster/host/home/cluster-home.ts";
import { Attendance } from "../../../../src/cluster/host/member/attendance.ts";
import { Roster } from "../../../../src/cluster/host/member/roster.ts";
import { EMPTY_STATE, type ClusterState, type Member } from "../../../../src/cluster/state/model.ts";
import { Ordered } from "../../../../src/cluster/state/ordered.ts";

const known = (peer: string, node: number) => ({ peer, node, name: peer, addresses: [`/ip4/127.0.0.1/tcp/${node}`] });
const LAST: ClusterRecord = {
  format: 1,
  standing: "member",
  cluster: "c",
  node: 2,
  index: 10,
  members: [known("a", 1), known("self", 2)],
  revoked: ["thrown-out"],
};

function member(peer: string, node: number): Member {
  return { peer, node, name: peer, sealingKey: new Uint8Array(32), roles: [], admittedMs: 0, knows: 1 };
}

function stateAt(index: number, members: readonly Member[], revoked: readonly string[] = []): ClusterState {
  const entry = (peer: string) => ({ peer, node: 9, name: peer, by: "a", revokedMs: 0, acknowledged: [] });
  return {
    ...EMPTY_STATE,
    id: "c",
    index,
    members: Ordered.from(members.map((each) => [each.peer, each])),
    revoked: Ordered.from(revoked.map((peer) => [peer, entry(peer)])),
  };
}

/** A roster over a state that the test replaces. */
function rosterOver(state: ClusterState): { readonly roster: Roster; set(next: ClusterState): void } {
  const roster = new Roster("self", LAST);
  let now = state;
  roster.follow(() => now);
  return { roster, set: (next) => void (now = next) };
}

describe("who belongs", () => {
  it("is what was written down, until the replicated state is as new as that", () => {
    const { roster, set } = rosterOver(EMPTY_STATE);
    expect([...roster.members.keys()]).toEqual(["a", "self"]);
    set(stateAt(9, [member("old", 5)]));
    expect([roster.isCurrent, roster.standingOf("old"), roster.standingOf("a")]).toEqual([false, "stranger", "member"]);
    set(stateAt(10, [member("a", 1), member("self", 2), member("b", 3)]));
    expect([roster.isCurrent, roster.standingOf("b"), roster.nodeOf("b"), roster.peerOf(3)]).toEqual([
      true,
      "member",
      3,
      "b",
    ]);
    expect(roster.members.get("a")?.addresses).toEqual(["/ip4/127.0.0.1/tcp/1"]);
  });

  it("is never again who was revoked, whichever of the two knows it", () => {
    const { roster, set } = rosterOver(EMPTY_STATE);
    expect(roster.standingOf("thrown-out")).toBe("revoked");
    set(stateAt(11, [member("self", 2), member("thrown-out", 7)], ["a"]));
    expect([roster.standingOf("thrown-out"), roster.standingOf("a")]).toEqual(["revoked", "revoked"]);
    expect([...roster.record("member").revoked].toSorted()).toEqual(["a", "thrown-out"]);
  });

  it("is not taken from the state of another cluster", () => {
    const { roster, set } = rosterOver(EMPTY_STATE);
    set({ ...stateAt(99, [member("x", 1)]), id: "other" });
    expect([roster.isCurrent, roster.standingOf("x")]).toEqual([false, "stranger"]);
  });
});

describe("links", () => {
  function attending(counts: () => boolean) {
    const { roster, set } = rosterOver(stateAt(10, [member("a", 1), member("self", 2)]));
    const did: string[] = [];
    const attendance = new Attendance({
      host: { standingChanged: (peer) => did.push(`standing ${peer} ${roster.standingOf(peer)}`) },
      links: {
        add: (peer) => did.push(`add ${peer}`),
        remove: (peer) => did.push(`remove ${peer}`),
        learn: (peer) => did.push(`learn ${peer}`),
      },
      roster,
      counts,
    });
    attendance.update();
    return { roster, set, did, attendance };
  }

  it("are had with every other member, and ended with who is revoked, at once", () => {
    const { set, did, attendance } = attending(() => true);
    expect(did).toEqual(["standing a member", "add a"]);
    set(stateAt(11, [member("self", 2)], ["a"]));
    attendance.update();
    expect(did.slice(2)).toEqual(["remove a", "standing a revoked"]);
  });

  it("outlast a member that left for as long as its vote counts", async () => {
    let counts = true;
    const { roster, set, did, attendance } = attending(() => counts);
    set(stateAt(11, [member("self", 2)]));
    attendance.update();
    expect([roster.standingOf("a"), roster.nodeOf("a"), roster.peerOf(1)]).toEqual(["member", 1, "a"]);
    counts = false;
    while (did.length < 4) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(did.slice(2)).toEqual(["remove a", "standing a stranger"]);
    attendance.close();
  });
});
