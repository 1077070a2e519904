import { systemClock } from "@parley/actors";
import { VirtualClock } from "@parley/actors/testing";
import { afterEach, describe, expect, it } from "vitest";
import type { RaftConsensus } from "../../../src/cluster/consensus/raft-consensus.ts";
import { SharedState } from "../../../src/cluster/consensus/shared-state.ts";
import {
  MembershipKeeper,
  type ChangeOutcome,
  type MemberFacts,
  type MembershipNow,
  type MembershipPort,
} from "../../../src/cluster/membership/keeper.ts";
import { raftMembership } from "../../../src/cluster/membership/raft-membership.ts";
import { goToSleep, isAsleep, wakeUp } from "../../../src/cluster/membership/sleep.ts";
import { ClusterMachine } from "../../../src/cluster/state/machine.ts";
import { RaftWorld } from "../consensus/raft-world.ts";
import { admit, FOUND } from "../state/support.ts";

const facts = (node: number, isAsleep = false): MemberFacts => ({ node, isAsleep, isAlwaysOn: true });

async function until<Found>(find: () => Found | undefined | false): Promise<Found> {
  const end = performance.now() + 20_000;
  for (;;) {
    const found = find();
    if (found !== undefined && found !== false) return found;
    if (performance.now() > end) throw new Error("waited in vain");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

describe("the keeper of membership", () => {
  class ScriptedPort implements MembershipPort {
    readonly asked: string[] = [];
    outcome: () => Promise<ChangeOutcome> = async () => ({ outcome: "done" });
    isPrime = true;

    now(): MembershipNow {
      const follower = { isActive: true, isCaughtUp: true };
      return {
        self: 1,
        isPrime: this.isPrime,
        term: 1,
        voters: [1],
        learners: [2],
        isChanging: false,
        followers: new Map([[2, follower]]),
      };
    }

    change(...[steps]: Parameters<MembershipPort["change"]>): Promise<ChangeOutcome> {
      this.asked.push(steps.map(({ operation, node }) => `${operation} ${node}`).join(", "));
      return this.outcome();
    }

    handOver(to: number): Promise<ChangeOutcome> {
      this.asked.push(`hand over to ${to}`);
      return this.outcome();
    }
  }

  it("does nothing while somebody else is prime", async () => {
    const port = new ScriptedPort();
    port.isPrime = false;
    const clock = new VirtualClock();
    const keeper = new MembershipKeeper({ port, members: () => [facts(1), facts(2)], clock });
    keeper.start();
    await clock.pass(10_000);
    expect(port.asked).toEqual([]);
    keeper.stop();
  });

  it("takes one step at a time, and tries again what failed", async () => {
    const port = new ScriptedPort();
    const held = Promise.withResolvers<ChangeOutcome>();
    port.outcome = () => held.promise;
    const clock = new VirtualClock();
    const keeper = new MembershipKeeper({ port, members: () => [facts(1), facts(2)], clock });
    keeper.start();
    await clock.pass(10_000);
    expect(port.asked).toEqual(["add-voter 2"]);
    port.outcome = async () => ({ outcome: "done" });
    held.resolve({ outcome: "failed", detail: "no" });
    await clock.pass(1_000);
    expect(port.asked.length).toBeGreaterThan(1);
    keeper.stop();
    const before = port.asked.length;
    await clock.pass(1_000);
    expect(port.asked).toHaveLength(before);
  });

  it("survives a port that throws, and says what happened", async () => {
    const port = new ScriptedPort();
    port.outcome = () => Promise.reject(new Error("broken"));
    const clock = new VirtualClock();
    const said: ChangeOutcome[] = [];
    const onStep = (_: unknown, outcome: ChangeOutcome): void => void said.push(outcome);
    const keeper = new MembershipKeeper({ port, members: () => [facts(1), facts(2)], clock, onStep });
    keeper.start();
    await clock.pass(5_000);
    expect(said[0]).toEqual({ outcome: "failed", detail: "broken" });
    expect(said.length).toBeGreaterThan(1);
    keeper.stop();
  });
});

describe("the keeper of membership over real nodes", () => {
  const peers = ["a", "b", "c", "d", "e", "f"];
  const world = new RaftWorld(peers, ["a"]);
  const keepers: MembershipKeeper[] = [];

  afterEach(async () => {
    for (const keeper of keepers) keeper.stop();
    await world.dispose();
  });

  it("makes voters of those who join, has a dead one replaced, and lets a sleeper go and come back", async () => {
    const running = new Map<string, { readonly shared: SharedState; readonly consensus: RaftConsensus }>();
    const start = async (peer: string): Promise<void> => {
      const machine = new ClusterMachine();
      const consensus = await world.start(peer, machine);
      const shared = new SharedState(consensus, machine);
      running.set(peer, { shared, consensus });
      const keeper = new MembershipKeeper({
        port: raftMembership(consensus.node),
        members: () =>
          [...shared.now.members.values()].map(({ node, peer: name }) => facts(node, isAsleep(shared.now, name))),
        clock: systemClock(),
        timing: { replaceAfterMs: 500, steadyMs: 100, settledMs: 1_000 },
        everyMs: 50,
      });
      keeper.start();
      keepers.push(keeper);
    };
    const prime = () =>
      until(() => [...running.values()].find(({ consensus }) => consensus.node.status().role === "leader"));
    const voters = async (): Promise<readonly string[]> =>
      (await prime()).consensus.node.status().confState.voters.map((node) => peers[node - 1] ?? "");
    const untilVoters = async (isRight: (names: readonly string[]) => boolean): Promise<void> => {
      let last: readonly string[] = [];
      const end = performance.now() + 20_000;
      while (!isRight((last = await voters()))) {
        if (performance.now() > end) throw new Error(`the voters are ${last.join(", ")}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    };

    await start("a");
    await running.get("a")?.shared.submit(FOUND, { timeoutMs: 10_000 });
    for (const peer of peers.slice(1)) {
      await start(peer);
      await (await prime()).shared.submit(admit(peer), { timeoutMs: 10_000 });
    }
    await untilVoters((names) => names.length === 5);

    const first = await prime();
    const dead = (await voters()).find((peer) => running.get(peer) !== first) ?? "";
    running.delete(dead);
    await world.kill(dead);
    await untilVoters((names) => names.length === 5 && !names.includes(dead));

    const { shared } = await prime();
    const sleeper = (await voters()).find((peer) => running.get(peer)?.shared !== shared) ?? "";
    expect(await goToSleep(shared, sleeper, { timeoutMs: 10_000 })).toMatchObject({ outcome: "done" });
    await untilVoters((names) => !names.includes(sleeper) && names.length === 3);
    await wakeUp((await prime()).shared, sleeper, { timeoutMs: 10_000 });
    await untilVoters((names) => names.includes(sleeper) && names.length === 5);
  });
});
