import { describe, expect, test } from "vitest";
import {
  type ActorRef,
  askBeyond,
  Fence,
  type SingletonOptions,
  type SingletonSend,
  type SingletonTerm,
  startSingleton,
} from "../../src/index.ts";
import { Gate } from "../core/support.ts";
import { Cluster } from "./cluster.ts";

type Message = { readonly type: "who"; readonly replyTo: ActorRef<string> } | { readonly type: "hang" };

interface Life {
  readonly peer: string;
  readonly term: SingletonTerm;
  isOver: boolean;
}

async function setUp(options: Partial<SingletonOptions<Message>> = {}) {
  const cluster = new Cluster(["a", "b", "c"]);
  await cluster.up();
  const lives: Life[] = [];
  const hang = new Gate();
  const managers = new Map<string, ActorRef<SingletonSend<Message>>>();
  const open = (peer: string): void => {
    const manager = startSingleton<Message>(cluster.host(peer).system, {
      name: "sweeper",
      leadership: cluster.placement.leadershipOf(peer),
      members: cluster.placement.members(),
      accepts: (message) => message as Message,
      behavior: (term) => () => {
        const life = { peer, term, isOver: false };
        lives.push(life);
        return {
          receive: async (message) => {
            if (message.type === "hang") await hang.wait();
            else message.replyTo.tell(`${peer}@${term.term}`);
          },
          onStop: () => {
            life.isOver = true;
          },
        };
      },
      ...options,
    });
    managers.set(peer, manager);
  };
  for (const peer of cluster.peers) open(peer);
  const manager = (peer: string): ActorRef<SingletonSend<Message>> => {
    const found = managers.get(peer);
    if (found === undefined) throw new Error(peer);
    return found;
  };
  const who = (peer: string, timeoutMs?: number): Promise<string> =>
    cluster.clock.until(
      askBeyond<SingletonSend<Message>, string>(
        manager(peer),
        (replyTo) => ({ type: "send", message: { type: "who", replyTo }, refusedTo: replyTo }),
        { timeoutMs },
      ),
    );
  const alive = (): readonly string[] =>
    lives.filter(({ isOver }) => !isOver).map(({ peer, term }) => `${peer}@${term.term}`);
  return { cluster, lives, alive, who, manager, hang, open };
}

describe("a cluster singleton", () => {
  test("runs on the leader, and is reached by way of any host", async () => {
    const { cluster, who, alive } = await setUp();
    cluster.placement.elect("b");
    for (const peer of cluster.peers) expect(await who(peer)).toBe("b@1");
    expect(alive()).toEqual(["b@1"]);
  });

  test("has ended on the old leader before it starts on the new one", async () => {
    const { cluster, lives, alive, who, hang, manager } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    manager("a").tell({ type: "send", message: { type: "hang" } });
    await cluster.clock.pass(10);
    cluster.placement.elect("b");
    await cluster.clock.pass(1_000);
    // The old one is not done with the message at hand.
    expect(lives).toHaveLength(1);
    expect(() => lives[0]?.term.stamp()).toThrow(/has had its time/);
    hang.open();
    await cluster.clock.pass(100);
    expect(alive()).toEqual(["b@2"]);
    expect(await who("a")).toBe("b@2");
  });

  test("starts on a new leader although the old one cannot be reached, and a fence shuts out what the old one still does", async () => {
    const { cluster, lives, alive } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    cluster.partitionOff("a");
    cluster.placement.elect("b");
    await cluster.clock.pass(5_000);
    expect(alive()).toEqual(["a@1", "b@2"]);
    const [old, young] = lives;
    const fence = new Fence();
    // Neither knows of the other: both believe.
    expect(fence.admit(old?.term.stamp() ?? expect.fail())).toBeUndefined();
    expect(fence.admit(young?.term.stamp() ?? expect.fail())).toBeUndefined();
    expect(fence.admit(old?.term.stamp() ?? expect.fail())).toMatchObject({ code: "stale-term" });
    cluster.rejoin("a");
    await cluster.clock.pass(5_000);
    expect(alive()).toEqual(["b@2"]);
    expect(() => old?.term.stamp()).toThrow(/has had its time/);
  });

  test("that was left behind in the middle of something gets no stamp any more", async () => {
    const { cluster, lives, manager, hang } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    manager("a").tell({ type: "send", message: { type: "hang" } });
    await cluster.clock.pass(10);
    cluster.placement.elect("b");
    await cluster.clock.pass(20_000);
    expect(lives.map(({ peer }) => peer)).toEqual(["a", "b"]);
    expect(() => lives[0]?.term.stamp()).toThrow(/has had its time/);
    hang.open();
  });

  test("is started anew by its host when it crashes or ends, in the same term", async () => {
    const { cluster, lives, who, alive } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    cluster.host("a").system.resolve<unknown>("parley://a/sweeper").tell({ type: "send", message: null });
    await cluster.clock.pass(1_000);
    expect(lives.map(({ term }) => term.term)).toEqual([1, 1]);
    expect(await who("c")).toBe("a@1");
    expect(alive()).toHaveLength(1);
  });

  test("is not started in a term that a former life of its host has won", async () => {
    const { cluster, lives, open, who } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    await cluster.crash("a");
    await cluster.up(["a"]);
    open("a");
    await cluster.clock.pass(5_000);
    // Consensus has not noticed: it is still term 1.
    expect(lives.map(({ peer, term }) => `${peer}@${term.term}`)).toEqual(["a@1"]);
    cluster.placement.elect("a");
    expect(await who("b")).toBe("a@2");
  });

  test("has ended before it starts elsewhere when its host stops in order, though somebody else leads by then", async () => {
    const { cluster, lives, alive, manager, hang } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    manager("a").tell({ type: "send", message: { type: "hang" } });
    await cluster.clock.pass(10);
    const stopped = cluster.host("a").system.stop();
    cluster.placement.elect("b");
    await cluster.clock.pass(1_000);
    expect(lives.map(({ peer }) => peer)).toEqual(["a"]);
    hang.open();
    await cluster.clock.until(stopped);
    expect(lives[0]?.isOver).toBe(true);
    await cluster.clock.pass(1_000);
    expect(alive()).toEqual(["b@2"]);
  });

  test("may finish when its manager crashes, and gets no stamp once that has left it behind", async () => {
    const { cluster, lives, manager, hang, who } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(100);
    manager("a").tell({ type: "send", message: { type: "hang" } });
    await cluster.clock.pass(10);
    // Nobody sends this; it stands for a bug.
    manager("a").tell({ type: "release", term: 1 } as unknown as SingletonSend<Message>);
    await cluster.clock.pass(100);
    expect(lives).toHaveLength(1);
    expect(lives[0]?.term.stamp()).toMatchObject({ token: 1 });
    await cluster.clock.pass(20_000);
    expect(await who("b")).toBe("a@1");
    expect(() => lives[0]?.term.stamp()).toThrow(/has had its time/);
    expect(lives.at(-1)?.term.stamp()).toMatchObject({ token: 1 });
    hang.open();
  });

  test("that crashes at each start is tried again without end, and takes nothing else down", async () => {
    let isBroken = true;
    let starts = 0;
    const { cluster, who } = await setUp({
      behavior: (term) => {
        if (isBroken && term.term === 1) throw new Error("not made");
        return () => {
          starts += 1;
          if (isBroken) throw new Error("not set up");
          return (message) => {
            if (message.type === "who") message.replyTo.tell(`in term ${term.term}`);
          };
        };
      },
    });
    const other = cluster.host("a").system.spawn<ActorRef<string>>(() => (to) => void to.tell("here"));
    for (const term of [1, 2]) {
      cluster.placement.elect("a");
      await cluster.clock.pass(60_000);
      expect(cluster.placement.term).toBe(term);
      expect(await cluster.clock.until(other.ask<string>((to) => to))).toBe("here");
      await expect(who("b", 1_000)).rejects.toMatchObject({ code: "ask-timeout" });
    }
    // The pauses grow.
    expect(starts).toBeGreaterThan(8);
    expect(starts).toBeLessThan(30);
    isBroken = false;
    await cluster.clock.pass(7_000);
    expect(await who("b")).toBe("in term 2");
  });

  test("may finish what it has at hand when another leads, for half as long as that one waits", async () => {
    const ends: string[] = [];
    const gate = new Gate();
    const { cluster, manager } = await setUp({
      behavior: (term) => (context) => async () => {
        const over = new Promise<string>((resolve) => {
          context.signal.addEventListener("abort", () => resolve("given up"), { once: true });
        });
        const finished = gate.wait().then(() => "finished");
        ends.push(`${term.term} ${await Promise.race([finished, over])}`);
      },
    });
    const lead = async (leader: string, forMs: number): Promise<void> => {
      cluster.placement.elect(leader);
      await cluster.clock.pass(forMs);
    };
    const hang = (leader: string): unknown => manager(leader).tell({ type: "send", message: { type: "hang" } });
    await lead("a", 100);
    hang("a");
    await lead("b", 900);
    expect(ends).toEqual([]);
    await cluster.clock.pass(200);
    expect(ends).toEqual(["1 given up"]);
    hang("b");
    await lead("c", 900);
    gate.open();
    await cluster.clock.pass(100);
    expect(ends).toEqual(["1 given up", "2 finished"]);
  });

  test("gets what was sent while nobody ran it, within bounds of number and time", async () => {
    const { cluster, who, manager } = await setUp({ maxHeld: 1, holdMs: 1_000 });
    const early = askBeyond<SingletonSend<Message>, string>(manager("a"), (replyTo) => ({
      type: "send",
      message: { type: "who", replyTo },
      refusedTo: replyTo,
    }));
    await cluster.clock.settle();
    await expect(who("a")).rejects.toMatchObject({ code: "mailbox-full" });
    cluster.placement.elect("c");
    expect(await cluster.clock.until(early)).toBe("c@1");
    cluster.placement.elect(undefined);
    await cluster.clock.pass(100);
    const startedMs = cluster.clock.nowMs();
    await expect(who("b", 60_000)).rejects.toMatchObject({ code: "ask-timeout" });
    expect(cluster.clock.nowMs() - startedMs).toBeLessThan(1_500);
  });

  test("refuses at once what is sent to a leader that is gone", async () => {
    const { cluster, who } = await setUp();
    cluster.placement.elect("c");
    await cluster.clock.pass(1_000);
    await cluster.crash("c");
    await cluster.clock.pass(3_000);
    await expect(who("a")).rejects.toMatchObject({ code: "peer-gone" });
  });
});
