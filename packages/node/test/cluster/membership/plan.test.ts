import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { majority } from "../../../src/cluster/membership/view.ts";
import { SimulatedHome } from "./simulated-home.ts";

/** A home of so many hosts in which all is settled. */
function settled(hosts: number, isAlwaysOn: (node: number) => boolean = () => true): SimulatedHome {
  const home = new SimulatedHome();
  for (let node = 2; node <= hosts; node += 1) home.join(isAlwaysOn(node));
  home.pass(20);
  home.taken.length = 0;
  return home;
}

const sorted = (nodes: readonly number[]): readonly number[] => nodes.toSorted((a, b) => a - b);

describe("the plan of who votes", () => {
  it.each([
    [1, 1],
    [2, 2],
    [3, 3],
    [4, 3],
    [5, 5],
    [6, 5],
    [9, 5],
  ])("lets of %i members %i vote", (members, voters) => {
    const home = settled(members);
    expect(home.voters).toHaveLength(voters);
    expect(home.learners).toHaveLength(members - voters);
    home.pass(3_600);
    expect(home.taken).toEqual([]);
  });

  it("lets a newcomer learn before it votes", () => {
    const home = new SimulatedHome();
    home.join(true);
    home.look();
    expect([home.voters, home.learners]).toEqual([[1], [2]]);
    home.look();
    expect(home.voters).toEqual([1]);
    home.pass(10);
    expect(home.voters).toEqual([1, 2]);
  });

  it("replaces a voter that crashed, but only after a while", () => {
    const home = settled(4);
    const dead = home.voters.find((node) => node !== home.prime);
    home.die(dead ?? 0);
    home.pass(30);
    expect(home.voters).toContain(dead);
    home.pass(40);
    expect(home.voters).not.toContain(dead);
    expect(home.voters).toHaveLength(3);
    expect(home.learners).toEqual([dead]);
  });

  it("leaves a dead voter its vote while there is nobody better: it helps when it returns", () => {
    const home = settled(3);
    home.die(3);
    home.pass(7 * 24 * 3_600);
    expect(home.taken).toEqual([]);
    home.comeBack(3);
    home.pass(10);
    expect(sorted(home.voters)).toEqual([1, 2, 3]);
  });

  it("goes down to the three who live when two of five are dead: then one more may fail", () => {
    const home = settled(5);
    home.die(4);
    home.die(5);
    home.pass(120);
    expect(sorted(home.voters)).toEqual([1, 2, 3]);
    home.die(3);
    expect(home.canDecide()).toBe(true);
  });

  it("takes who returns after weeks as a learner first, and lets it vote once it has caught up", () => {
    const home = settled(4);
    const away = home.voters.find((node) => node !== home.prime);
    home.die(away ?? 0);
    home.pass(3 * 7 * 24 * 3_600);
    home.comeBack(away ?? 0);
    home.look();
    expect(home.learners).toContain(away);
    home.leave(home.voters.find((node) => node !== home.prime) ?? 0);
    home.pass(60);
    expect(home.voters).toContain(away);
  });

  it("drops at once who has left, and has its place taken in the same step", () => {
    const home = settled(4);
    const leaver = home.voters.find((node) => node !== home.prime);
    home.leave(leaver ?? 0);
    const step = home.look();
    expect(step).toMatchObject({ kind: "change", why: `${leaver} does not belong any more; 4 is ready to vote` });
    expect([home.voters.includes(leaver ?? 0), home.learners.includes(leaver ?? 0)]).toEqual([false, false]);
    expect(home.voters).toHaveLength(3);
  });

  it("takes the vote of who sleeps, so that the other of two goes on alone, and gives it back", () => {
    const home = settled(2);
    home.sleep(2, true);
    home.pass(1);
    expect([home.voters, home.learners]).toEqual([[1], [2]]);
    home.die(2);
    home.pass(3_600);
    expect(home.canDecide()).toBe(true);
    home.comeBack(2);
    home.sleep(2, false);
    home.pass(60);
    expect(home.voters).toEqual([1, 2]);
  });

  it("lets another one be prime before a prime that sleeps or was revoked loses its vote", () => {
    for (const act of ["sleep", "leave"] as const) {
      const home = settled(3);
      const { prime } = home;
      if (act === "sleep") home.sleep(prime ?? 0, true);
      else home.leave(prime ?? 0);
      expect(home.look()).toMatchObject({ kind: "hand-over" });
      home.pass(5);
      expect(home.voters).not.toContain(prime);
    }
  });

  it("keeps its last voter, even asleep", () => {
    const home = new SimulatedHome();
    home.sleep(1, true);
    home.pass(60);
    expect(home.voters).toEqual([1]);
  });

  it("can do nothing when one of two has crashed", () => {
    const home = settled(2);
    home.die(2);
    home.pass(3_600);
    expect(home.taken).toEqual([]);
    expect(home.canDecide()).toBe(false);
  });

  it("prefers hosts that are always on, once they have been there for ten minutes", () => {
    const home = settled(3, () => false);
    home.join(true);
    home.pass(60);
    expect(home.voters).not.toContain(4);
    home.pass(600);
    expect(home.voters).toContain(4);
    home.taken.length = 0;
    home.pass(24 * 3_600);
    expect(home.taken).toEqual([]);
  });

  it("makes a host that keeps going away wait longer each time before it votes again", () => {
    const home = settled(4);
    const unsteady = home.voters.find((node) => node !== home.prime) ?? 0;
    for (let i = 0; i < 200; i += 1) {
      home.die(unsteady);
      home.pass(70);
      home.comeBack(unsteady);
      home.pass(30);
    }
    expect(home.taken).toHaveLength(1);
    expect(home.voters).not.toContain(unsteady);
  });
});

describe("the plan, whatever happens", () => {
  const node = fc.nat(8);
  const event = fc.oneof(
    fc.record({ type: fc.constant("join" as const), isAlwaysOn: fc.boolean() }),
    fc.record({ type: fc.constantFrom("die" as const, "come-back" as const, "sleep" as const, "wake" as const), node }),
    fc.record({ type: fc.constant("leave" as const), node }),
    fc.record({ type: fc.constant("pass" as const), seconds: fc.constantFrom(1, 5, 30, 90, 700) }),
  );

  function play(
    home: SimulatedHome,
    events: readonly (typeof event extends fc.Arbitrary<infer E> ? E : never)[],
  ): void {
    for (const each of events) {
      if (each.type === "join") {
        if (home.hosts.size < 9) home.join(each.isAlwaysOn);
      } else if (each.type === "pass") home.pass(each.seconds);
      else {
        const at = (each.node % home.hosts.size) + 1;
        if (each.type === "die") home.die(at);
        else if (each.type === "come-back") home.comeBack(at);
        else if (each.type === "leave") home.leave(at);
        else home.sleep(at, each.type === "sleep");
      }
      home.look();
    }
  }

  it("never has more than five voters, never a step that the living cannot decide on, and never one who has not learnt", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => play(new SimulatedHome(), events)),
      { numRuns: 1_500 },
    );
  });

  it("comes to rest soon after the last event, and all alive and awake, on the best there is", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40, size: "max" }), (events) => {
        const home = new SimulatedHome();
        play(home, events);
        for (const at of home.hosts.keys()) {
          home.comeBack(at);
          home.sleep(at, false);
        }
        home.pass(1_300);
        home.taken.length = 0;
        home.pass(3_600);
        expect(home.taken).toEqual([]);
        const members = [...home.hosts].filter(([, { belongs }]) => belongs).map(([at]) => at);
        expect(sorted([...home.voters, ...home.learners])).toEqual(sorted(members));
        const most = Math.min(5, members.length);
        const best = most === 4 ? 3 : most;
        expect(home.voters.length - majority(home.voters.length)).toBe(best - majority(best));
        expect(home.voters).toHaveLength(best);
      }),
      { numRuns: 400 },
    );
  });

  it("takes no more than a few steps for each event: nothing goes to and fro", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60, size: "max" }), (events) => {
        const home = new SimulatedHome();
        play(home, events);
        const happened = events.filter(({ type }) => type !== "pass").length + 1;
        expect(home.taken.length).toBeLessThanOrEqual(4 * happened);
      }),
      { numRuns: 500 },
    );
  });
});
