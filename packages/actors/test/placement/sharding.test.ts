import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shardOf } from "../../src/index.ts";
import { FAIR_WEATHER, MemoryEntities } from "../../src/testing/index.ts";
import { expectCode } from "../core/support.ts";
import { shardedWorld as setUp } from "./sharded-world.ts";

const IDS = Array.from({ length: 12 }, (_, n) => `s${n}`);

describe("sharding", () => {
  test("gives every entity one place, the same from everywhere, and spreads them evenly", async () => {
    const { cluster, where, counts } = await setUp();
    cluster.placement.elect("b");
    for (const id of IDS) {
      const places = [await where("a", id), await where("b", id), await where("c", id)];
      expect(new Set(places).size).toBe(1);
    }
    expect(Object.values(counts()).toSorted((x, y) => x - y)).toEqual([2, 3, 3]);
  });

  test("says which ids would live here, and calls each entity by its id", async () => {
    const { cluster, at, where, owners } = await setUp();
    expect(IDS.some((id) => at("b").isOwn(id))).toBe(false);
    cluster.placement.elect("b");
    await cluster.clock.pass(3_000);
    expect(owners()).not.toContain("nobody");
    for (const id of [...IDS, "$odd\u0000"]) {
      const [peer] = (await where("a", id)).split("/");
      expect(["a", "b", "c"].filter((each) => at(each).isOwn(id))).toEqual([peer]);
    }
    const own = IDS.filter((id) => at("b").isOwn(id)).map((id) => `/session/${id}`);
    const region = cluster
      .host("b")
      .system.inspect()
      .find(({ path }) => path === "/session");
    expect(region?.children.map(({ path }) => path).toSorted()).toEqual(expect.arrayContaining(own));
  });

  test("keeps messages that come before there is a coordinator, in their order", async () => {
    const { cluster, store, add } = await setUp();
    const adds = [1, 2, 3, 4].map((n) => add("a", "x", n));
    await cluster.clock.pass(1_000);
    expect(store.written).toEqual([]);
    cluster.placement.elect("c");
    await cluster.clock.until(Promise.all(adds));
    expect(store.of("x")).toEqual([1, 2, 3, 4]);
  });

  test("gives away at once what a host had that died as the leader, when the next one leads", async () => {
    const { cluster, counts, where, owners } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    expect(counts()["a"]).toBeGreaterThan(0);
    const orphan = IDS.find((id) => owners()[shardOf(id, 8)] === "a") ?? expect.fail();
    await cluster.crash("a");
    cluster.placement.elect("b");
    const diedMs = cluster.clock.nowMs();
    expect(await where("c", orphan)).toMatch(/^[bc]/);
    expect(cluster.clock.nowMs() - diedMs).toBeLessThan(300);
  });

  test("leaves who is busy where it is when a host joins, until that is over; not when its own host leaves", async () => {
    const busy = new Set<string>();
    const isBusy = (entity: string): boolean => busy.has(entity);
    const { cluster, at, open, counts, where, lives } = await setUp(["a", "b"], { isBusy });
    await cluster.clock.until(cluster.host("b").system.stop());
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    for (const id of IDS) await where("a", id);
    for (const id of IDS) busy.add(id);
    await cluster.crash("b");
    await cluster.up(["b"]);
    cluster.placement.reconnect("b");
    open("b");
    await cluster.clock.pass(8_000);
    for (const id of IDS) expect(await where("a", id)).toMatch(/^a/);
    expect(lives.filter(({ isOver }) => isOver)).toEqual([]);
    busy.clear();
    await cluster.clock.pass(8_000);
    expect(counts()).toEqual({ a: 4, b: 4 });
    for (const id of IDS) busy.add(id);
    await cluster.clock.until(at("b").drain());
    expect(counts()).toEqual({ a: 8, b: 0 });
  });

  test("moves shards to a host that joins, few at a time, and loses and repeats nothing of what is acknowledged", async () => {
    const { cluster, store, add, open, counts, lives } = await setUp(["a", "b", "c"], { limits: { maxMoves: 1 } });
    // The third host comes late.
    await cluster.clock.until(cluster.host("c").system.stop());
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    expect(counts()).toEqual({ a: 4, b: 4, c: 0 });
    await cluster.crash("c");
    await cluster.up(["c"]);
    cluster.placement.reconnect("c");
    open("c");
    const adds: Promise<void>[] = [];
    for (let n = 0; n < 100; n += 1) {
      for (const id of IDS.slice(0, 4)) adds.push(add("a", id, n));
      await cluster.clock.pass(20);
    }
    await cluster.clock.until(Promise.all(adds));
    await cluster.clock.pass(2_000);
    expect(Object.values(counts()).toSorted((x, y) => x - y)).toEqual([2, 3, 3]);
    const all = Array.from({ length: 100 }, (_, n) => n);
    for (const id of IDS.slice(0, 4)) expect(store.of(id)).toEqual(all);
    expect(store.refused).toEqual([]);
    // Each entity lived on one host at a time: whoever moved has ended where it was.
    const alive = lives.filter(({ isOver }) => !isOver).map(({ stay }) => stay.id);
    expect(alive.toSorted()).toEqual(IDS.slice(0, 4).toSorted());
  });

  test("goes on elsewhere when a host dies, and what was on its way there is sent again", async () => {
    const { cluster, store, add, owners, counts, where } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    const dying = "b";
    const ids: string[] = [];
    for (const id of IDS) if ((await where("a", id)).startsWith(dying)) ids.push(id);
    expect(ids.length).toBeGreaterThan(0);
    const dead = cluster.crash(dying);
    const adds = ids.map((id) => add("a", id, 1, 20_000));
    await dead;
    await cluster.clock.until(Promise.all(adds));
    for (const id of ids) expect(store.of(id)).toEqual([1]);
    expect(owners()).not.toContain(dying);
    expect(counts()[dying]).toBe(0);
  });

  test("accepts nothing any more of an owner that is cut off and does not know that it is none", async () => {
    const { cluster, store, lives, add, where, at } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    let id = "";
    for (const each of IDS) if ((await where("a", each)).startsWith("c")) id = each;
    await cluster.clock.until(add("a", id, 1));
    cluster.partitionOff("c");
    await cluster.clock.until(add("a", id, 2, 20_000));
    // Clients on its side of the cut still reach the old one, which still believes.
    const late = expectCode(add("c", id, 3), "actor-failed");
    await cluster.clock.pass(6_000);
    await late;
    expect(store.refused).toEqual(["stale-epoch"]);
    expect(store.of(id)).toEqual([1, 2]);
    cluster.rejoin("c");
    await cluster.clock.pass(15_000);
    for (const { peer, stay, isOver } of lives) {
      if (peer === "c" && stay.id === id) expect(isOver).toBe(true);
    }
    await cluster.clock.until(at("c").entity(id).offer({ type: "add", n: 4 }));
    expect(store.of(id)).toEqual([1, 2, 4]);
  });

  test("gives no stamp to an entity that was left behind in the middle of something", async () => {
    const { cluster, lives, at, where, hang } = await setUp(["a", "b"]);
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    await where("a", "x");
    at("a").entity("x").tell({ type: "hang" });
    await cluster.clock.pass(100);
    const [life] = lives;
    expect(life?.stay.stamp()).toMatchObject({ kind: "epoch", token: life?.stay.epoch });
    const { shard = 0, epoch = 0 } = life?.stay ?? {};
    const other = life?.peer === "a" ? "b" : "a";
    const owner = at(other).region.address;
    const change = { term: 1, shard, expectedEpoch: epoch, owner };
    await cluster.clock.until(cluster.placement.tableOf("a").propose(change, { signal: new AbortController().signal }));
    await cluster.clock.pass(100);
    expect(() => life?.stay.stamp()).toThrow(/lives here no more/);
    await cluster.clock.pass(10_000);
    expect(() => life?.stay.stamp()).toThrow(/lives here no more/);
    expect(await where("a", "x")).toMatch(new RegExp(`^${other}/`));
    hang.open();
  });

  test("puts idle entities to sleep and wakes them with the next message", async () => {
    const { cluster, lives, add, store } = await setUp(["a", "b"], { passivateAfterMs: 1_000 });
    cluster.placement.elect("a");
    await cluster.clock.until(add("a", "x", 1));
    await cluster.clock.pass(900);
    await cluster.clock.until(add("b", "x", 2));
    await cluster.clock.pass(900);
    expect(lives).toMatchObject([{ isOver: false }]);
    await cluster.clock.pass(300);
    expect(lives).toMatchObject([{ isOver: true }]);
    await cluster.clock.until(add("b", "x", 3));
    expect(lives).toMatchObject([{ isOver: true }, { isOver: false }]);
    expect(store.of("x")).toEqual([1, 2, 3]);
  });

  test("lets an entity sleep when it wants to, and gives what waits to its next life", async () => {
    const { cluster, lives, at, add, store } = await setUp(["a"]);
    cluster.placement.elect("a");
    const x = at("a").entity("x");
    x.tell({ type: "sleep" });
    const adds = [1, 2, 3].map((n) => add("a", "x", n));
    await cluster.clock.until(Promise.all(adds));
    expect(lives).toHaveLength(2);
    expect(store.of("x")).toEqual([1, 2, 3]);
  });

  test("wakes remembered entities on the next owner, without a message, but not those that sleep", async () => {
    const memory = new MemoryEntities();
    const { cluster, lives, where, at } = await setUp(["a", "b", "c"], { memory });
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    const ids: string[] = [];
    for (const id of IDS) if ((await where("a", id)).startsWith("c")) ids.push(id);
    expect(ids.length).toBeGreaterThan(1);
    at("a")
      .entity(ids[0] ?? "")
      .tell({ type: "sleep" });
    await cluster.clock.pass(100);
    await cluster.crash("c");
    await cluster.clock.pass(5_000);
    const alive = lives.filter(({ peer, isOver }) => peer !== "c" && !isOver).map(({ stay }) => stay.id);
    expect(alive.filter((id) => ids.includes(id)).toSorted()).toEqual(ids.slice(1).toSorted());
  });

  test("wakes remembered entities as soon as their memory can be read, when at first it cannot", async () => {
    let isOut = false;
    class Shaky extends MemoryEntities {
      override load(...args: Parameters<MemoryEntities["load"]>): ReturnType<MemoryEntities["load"]> {
        return isOut ? Promise.reject(new Error("no majority")) : super.load(...args);
      }
    }
    const { cluster, lives, where } = await setUp(["a", "b"], { memory: new Shaky() });
    cluster.placement.elect("a");
    const ids: string[] = [];
    for (const id of IDS) if ((await where("a", id)).startsWith("b")) ids.push(id);
    expect(ids.length).toBeGreaterThan(0);
    isOut = true;
    await cluster.crash("b");
    await cluster.clock.pass(5_000);
    const awake = (): readonly string[] =>
      lives.filter(({ peer, isOver }) => peer === "a" && !isOver).map(({ stay }) => stay.id);
    expect(awake().filter((id) => ids.includes(id))).toEqual([]);
    isOut = false;
    await cluster.clock.pass(1_000);
    expect(
      awake()
        .filter((id) => ids.includes(id))
        .toSorted(),
    ).toEqual(ids.toSorted());
  });

  test("tells the sender that the entity crashed on its message, and goes on with the next", async () => {
    const { cluster, at, add, store, where } = await setUp(["a", "b"]);
    cluster.placement.elect("a");
    await where("a", "x");
    const crashed = expectCode(at("b").entity("x").offer({ type: "crash" }), "actor-failed");
    await cluster.clock.until(crashed);
    await cluster.clock.until(add("b", "x", 1));
    expect(store.of("x")).toEqual([1]);
  });

  test("lets no entity that keeps crashing disturb the others", async () => {
    const { cluster, at, add, store } = await setUp(["a"]);
    cluster.placement.elect("a");
    await cluster.clock.until(add("a", "good", 1));
    for (let n = 0; n < 10; n += 1) {
      await expectCode(
        cluster.clock.until(at("a").entity("bad").offer({ type: "crash" }, { timeoutMs: 20_000 })),
        "actor-failed",
      );
    }
    await cluster.clock.until(add("a", "good", 2));
    expect(store.of("good")).toEqual([1, 2]);
    const region = cluster
      .host("a")
      .system.inspect()
      .find(({ path }) => path === "/session");
    expect([region?.restarts, region?.children.map(({ restarts }) => restarts)]).toEqual([0, [0, 9]]);
  });

  test("gives no stamp to what a crash of the region has left behind, and takes nothing for another shard", async () => {
    const { cluster, at, where, lives, hang } = await setUp(["a"]);
    cluster.placement.elect("a");
    await where("a", "x");
    const { region } = at("a");
    const { shard = 0, epoch = 0 } = lives[0]?.stay ?? {};
    const place = { epoch, sender: "s", run: 1, index: 0, message: { type: "sleep" as const }, timeoutMs: 1_000 };
    const answer = await cluster.clock.until(
      region.ask<unknown>((replyTo) => ({ type: "deliver", entity: "x", shard: (shard + 1) % 8, ...place, replyTo })),
    );
    expect(answer).toMatchObject({ outcome: "failed", code: "bad-message" });
    at("a").entity("x").tell({ type: "hang" });
    await cluster.clock.pass(100);
    expect(lives[0]?.stay.stamp()).toBeDefined();
    // Nobody sends this; it stands for a bug.
    region.tell({ type: "deliver" } as unknown as Parameters<typeof region.tell>[0]);
    await cluster.clock.pass(100);
    // It may still finish: the next life of the region waits for it, for a while.
    expect(lives[0]?.stay.stamp()).toMatchObject({ token: epoch });
    await cluster.clock.pass(10_000);
    expect(await where("a", "x")).toBe(`a/${epoch}`);
    expect(() => lives[0]?.stay.stamp()).toThrow(/lives here no more/);
    hang.open();
  });

  test("gives nothing up for a coordinator whose term is over", async () => {
    const { cluster, at, where, lives } = await setUp(["a"]);
    cluster.placement.elect("a");
    await where("a", "x");
    const [life] = lives;
    const { shard = -1, epoch = -1 } = life?.stay ?? {};
    const ask = (term: number) =>
      cluster.clock.until(
        at("a").region.ask<{ readonly type: string }>((replyTo) => ({
          type: "hand-off",
          shard,
          epoch: 0,
          term,
          replyTo,
        })),
      );
    expect(await ask(5)).toEqual({ type: "handed-off" });
    expect(await ask(4)).toEqual({ type: "stale-term" });
    const late = at("a").region.ask<{ readonly type: string }>((replyTo) => ({
      type: "hand-off",
      shard,
      epoch,
      term: 4,
      replyTo,
    }));
    expect(await cluster.clock.until(late)).toEqual({ type: "stale-term" });
    expect(life?.isOver).toBe(false);
  });

  test("refuses what finds no owner in time or no room, with a typed error", async () => {
    const { cluster, at, add } = await setUp(["a"], { limits: { maxHeld: 1 } });
    const first = expectCode(add("a", "x", 1, 500), "ask-timeout");
    await cluster.clock.settle();
    await expectCode(cluster.clock.until(add("a", "y", 2)), "mailbox-full");
    const asked = at("a")
      .entity("y")
      .ask<string>((replyTo) => ({ type: "where", replyTo }));
    await expectCode(cluster.clock.until(asked), "mailbox-full");
    await cluster.clock.pass(1_000);
    await first;
    for (const id of ["", "x".repeat(300), "\ud800"]) expect(() => at("a").entity(id)).toThrow(/an entity's id/);
  });

  test("survives a change of the coordinator in the middle of its moves", async () => {
    const { cluster, store, add, counts } = await setUp(["a", "b", "c"], { limits: { maxMoves: 2 } });
    cluster.placement.elect("a");
    const adds: Promise<void>[] = [];
    for (let n = 0; n < 60; n += 1) {
      for (const id of IDS.slice(0, 4)) adds.push(add("b", id, n, 30_000));
      if (n % 15 === 14) cluster.placement.elect(["b", "c", "a", "b"][(n - 14) / 15]);
      if (n === 20) await cluster.crash("c");
      await cluster.clock.pass(100);
    }
    await cluster.clock.until(Promise.all(adds));
    await cluster.clock.pass(5_000);
    const all = Array.from({ length: 60 }, (_, n) => n);
    for (const id of IDS.slice(0, 4)) {
      // At least once: a host died. In order, once duplicates are left out.
      expect([...new Set(store.of(id))]).toEqual(all);
    }
    expect(counts()["c"]).toBe(0);
  });
});

type Step = readonly ["send" | "cut" | "rejoin" | "elect" | "crash" | "reset" | "pass", number];

test("under any faults every offer ends, what is acknowledged is done, in order, and no epoch of a shard has two hosts", async () => {
  const step = fc.tuple(
    fc.constantFrom<Step[0]>(
      "send",
      "send",
      "send",
      "send",
      "cut",
      "rejoin",
      "elect",
      "crash",
      "reset",
      "pass",
      "pass",
    ),
    fc.nat(100),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 50 }), fc.nat(1_000), async (steps, seed) => {
      const { cluster, store, at, lives } = await setUp(["a", "b", "c"], { seed, passivateAfterMs: 3_000 });
      cluster.placement.elect("a");
      cluster.network.weather = { ...FAIR_WEATHER, jitterMs: seed % 50, stall: 0.01, stallMs: seed % 300 };
      const ended: Promise<void>[] = [];
      const sentBy: { readonly id: string; readonly n: number; readonly by: string }[] = [];
      const acknowledged: { readonly id: string; readonly n: number; readonly by: string }[] = [];
      let [cut, dead, n]: [string | undefined, string | undefined, number] = [undefined, undefined, 0];
      const peer = (lot: number): string => cluster.peers.filter((each) => each !== dead)[lot % (dead ? 2 : 3)] ?? "a";
      for (const [action, lot] of steps) {
        if (action === "send") {
          for (let i = 0; i < 1 + (lot % 5); i += 1) {
            n += 1;
            const sent = { id: `s${lot % 4}`, n, by: peer(lot) };
            sentBy.push(sent);
            const offer = at(sent.by).entity(sent.id).offer({ type: "add", n }, { timeoutMs: 4_000 });
            const note = (): number => acknowledged.push(sent);
            ended.push(
              offer.then(note, (error: { readonly code: string }) => {
                expect(["ask-timeout", "actor-failed", "mailbox-full", "system-stopped"]).toContain(error.code);
              }) as Promise<void>,
            );
          }
        }
        if (action === "cut" && cut === undefined) cluster.partitionOff((cut = peer(lot)));
        if (action === "rejoin" && cut !== undefined) {
          cluster.rejoin(cut);
          cut = undefined;
        }
        if (action === "elect") cluster.placement.elect(peer(lot));
        if (action === "crash" && dead === undefined && lot % 3 === 0) await cluster.crash((dead = peer(lot)));
        if (action === "reset") cluster.network.reset(peer(lot), peer(lot + 1));
        if (action === "pass") await cluster.clock.pass(lot * 20);
      }
      if (cut !== undefined && cut !== dead) cluster.rejoin(cut);
      cluster.placement.elect(peer(0));
      await cluster.clock.until(Promise.all(ended));
      const hosts = new Map<string, string>();
      for (const { stamp, peer: host } of store.written) {
        const key = `${stamp.scope}@${stamp.token}`;
        expect(hosts.get(key) ?? host).toBe(host);
        hosts.set(key, host);
      }
      // In order, per sender and entity, once duplicates are left out.
      for (const by of cluster.peers) {
        for (const id of ["s0", "s1", "s2", "s3"]) {
          const own = new Set(sentBy.filter((each) => each.by === by && each.id === id).map((each) => each.n));
          const order = [...new Set(store.of(id))].filter((each) => own.has(each));
          expect(order).toEqual(order.toSorted((x, y) => x - y));
        }
      }
      for (const { id, n: number } of acknowledged) expect(store.of(id)).toContain(number);
      // Quiet again: everything that is sent is done, by one life of each entity.
      await cluster.clock.pass(20_000);
      const ids = ["s0", "s1", "s2", "s3"];
      const last = ids.map((id) => at(peer(0)).entity(id).offer({ type: "add", n: -1 }));
      await cluster.clock.until(Promise.all(last));
      const alive = lives.filter((life) => !life.isOver).map(({ stay }) => stay.id);
      expect(alive.toSorted()).toEqual(ids);
      await cluster.stop();
    }),
    { numRuns: Number(process.env["SHARDING_RUNS"] ?? 20) },
  );
});
