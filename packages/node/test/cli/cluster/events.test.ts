import { describe, expect, it } from "vitest";
import { ClusterEvents } from "../../../src/cli/cluster/events.ts";
import type { Scene } from "../../../src/cli/cluster/story.ts";

const MEMBER: Scene = {
  belonging: "member",
  clusterId: "k7q2",
  fingerprint: "R69W-5904-8QF7",
  peers: [
    { peerId: "A", name: "attic", isSelf: true, isOnline: true },
    { peerId: "B", name: "bath", isSelf: false, isOnline: true },
  ],
  met: [],
  knocking: [],
  prime: { peerId: "A", term: 2 },
  trouble: undefined,
  noQuorum: undefined,
};
const CELLAR = { peerId: "C", name: "cellar", fingerprint: "AAAA-BBBB-CCCC", sinceMs: 1, namesakes: [] };

describe("events of a cluster", () => {
  it("tell once how things are, and nothing while they stay so", () => {
    const events = new ClusterEvents();
    expect(events.tell(MEMBER)).toStrictEqual([
      {
        event: "cluster",
        belonging: "member",
        clusterId: "k7q2",
        prime: "A",
        term: 2,
        hasQuorum: true,
        why: [],
        trouble: null,
      },
      { event: "peer", peerId: "B", name: "bath", state: "online" },
    ]);
    expect(events.tell({ ...MEMBER })).toStrictEqual([]);
  });

  it("tell of members that go away, come back and leave", () => {
    const events = new ClusterEvents();
    events.tell(MEMBER);
    const [self, bath] = MEMBER.peers;
    if (self === undefined || bath === undefined) throw new Error("there are two");
    const states = [
      events.tell({ ...MEMBER, peers: [self, { ...bath, isOnline: false }] }),
      events.tell(MEMBER),
      events.tell({ ...MEMBER, peers: [self] }),
    ].map((told) => told.map(({ event, state }) => [event, state]));
    expect(states).toStrictEqual([[["peer", "away"]], [["peer", "online"]], [["peer", "gone"]]]);
  });

  it("tell who knocks, and that it does so no longer", () => {
    const events = new ClusterEvents();
    events.tell(MEMBER);
    expect(events.tell({ ...MEMBER, knocking: [CELLAR] })).toStrictEqual([{ event: "waiting", ...CELLAR }]);
    expect(events.tell(MEMBER)).toStrictEqual([{ event: "gone-away", peerId: "C", name: "cellar" }]);
  });

  it("tell why there is no quorum", () => {
    const events = new ClusterEvents();
    events.tell(MEMBER);
    const [told, ...rest] = events.tell({ ...MEMBER, prime: undefined, noQuorum: ["bath is away."] });
    expect(told).toMatchObject({ event: "cluster", prime: null, hasQuorum: false, why: ["bath is away."] });
    expect(rest).toStrictEqual([]);
  });
});
