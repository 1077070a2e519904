import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FAIR_WEATHER, MemoryEntities } from "../../src/testing/index.ts";
import { expectCode } from "../core/support.ts";
import { shardedWorld as setUp } from "./sharded-world.ts";

const IDS = Array.from({ length: 12 }, (_, n) => `s${n}`);

function upTo(count: number): readonly number[] {
  return Array.from({ length: count }, (_, n) => n);
}

describe("a host that leaves on purpose", () => {
  test("hands everything over first: nothing is lost, repeated or refused, also of what is sent only once", async () => {
    const { cluster, store, at, add, counts, lives } = await setUp(["a", "b", "c"], { limits: { maxMoves: 2 } });
    cluster.placement.elect("c");
    await cluster.clock.pass(3_000);
    const adds: Promise<void>[] = [];
    let drained: Promise<void> | undefined;
    for (let n = 0; n < 60; n += 1) {
      for (const [index, id] of IDS.entries()) {
        const from = cluster.peers[index % 3] ?? "a";
        if (index % 2 === 0) adds.push(add(from, id, n));
        else at(from).entity(id).tell({ type: "add", n });
      }
      // It is the coordinator's own host that leaves.
      if (n === 10) drained = at("c").drain();
      await cluster.clock.pass(5);
    }
    await cluster.clock.until(Promise.all(adds));
    await cluster.clock.until(drained ?? expect.fail());
    expect(counts()["c"]).toBe(0);
    expect(lives.filter(({ peer, isOver }) => peer === "c" && !isOver)).toEqual([]);
    expect(lives.some(({ peer }) => peer === "c")).toBe(true);
    for (const id of IDS) expect(store.of(id)).toEqual(upTo(60));
    expect(store.refused).toEqual([]);
    expect(cluster.peers.flatMap((peer) => cluster.host(peer).refusals)).toEqual([]);
  });

  test("is fulfilled only when what had been sent from there has been handled too", async () => {
    const { cluster, store, at, where, hang } = await setUp(["a", "b"]);
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    for (const id of IDS) await where("b", id);
    const id = "s0";
    const owner = (await where("b", id)).startsWith("a") ? "a" : "b";
    const other = owner === "a" ? "b" : "a";
    at(owner).entity(id).tell({ type: "hang" });
    const late = at(owner).entity(id).offer({ type: "add", n: 1 }, { timeoutMs: 20_000 });
    let isDrained = false;
    const drained = at(owner)
      .drain()
      .then(() => (isDrained = true));
    await cluster.clock.pass(2_000);
    // The message at hand first.
    expect([isDrained, store.of(id)]).toEqual([false, []]);
    hang.open();
    await cluster.clock.until(drained);
    expect(store.written.at(-1)).toMatchObject({ entity: id, n: 1, peer: other });
    await cluster.clock.until(late);
  });

  test("gets no shards any more, whoever leads and whoever dies", async () => {
    const { cluster, at, counts, add } = await setUp();
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    await cluster.clock.until(at("c").drain());
    cluster.placement.elect("c");
    await cluster.clock.pass(1_000);
    await cluster.crash("b");
    await cluster.clock.pass(5_000);
    expect(counts()).toEqual({ a: 8, b: 0, c: 0 });
    // It still finds its way to all others.
    await cluster.clock.until(add("c", "x", 1));
    await cluster.clock.until(at("c").drain());
  });

  test("may stay after all, as often as it likes: it has shards again, and nothing is lost on the way", async () => {
    const { cluster, store, at, counts, add } = await setUp(["a", "b"], { limits: { maxMoves: 1 } });
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    const adds: Promise<void>[] = [];
    for (let n = 0; n < 3; n += 1) {
      for (const id of IDS) adds.push(add("a", id, n));
      await cluster.clock.until(at("b").drain());
      expect([n, counts()]).toEqual([n, { a: 8, b: 0 }]);
      at("b").stay();
      await cluster.clock.pass(3_000);
      expect([n, counts()]).toEqual([n, { a: 4, b: 4 }]);
    }
    // Also while it is on its way out, of which whoever waits for that is told.
    const cut = expectCode(at("b").drain(), "cancelled");
    await cluster.clock.pass(1);
    at("b").stay();
    await cluster.clock.until(cut);
    await cluster.clock.pass(3_000);
    expect(counts()).toEqual({ a: 4, b: 4 });
    await cluster.clock.until(Promise.all(adds));
    for (const id of IDS) expect(store.of(id)).toEqual(upTo(3));
  });

  test("wakes what it had on the others", async () => {
    const { cluster, at, lives, where } = await setUp(["a", "b"], { memory: new MemoryEntities() });
    cluster.placement.elect("a");
    for (const id of IDS) await where("a", id);
    expect(lives.some(({ peer }) => peer === "b")).toBe(true);
    await cluster.clock.until(at("b").drain());
    await cluster.clock.until(cluster.host("b").system.stop());
    await cluster.clock.pass(1_000);
    const alive = lives.filter(({ isOver }) => !isOver);
    expect(alive.map(({ peer }) => peer)).toEqual(IDS.map(() => "a"));
    expect(alive.map(({ stay }) => stay.id).toSorted()).toEqual(IDS.toSorted());
  });

  test("is told when there is nobody to take over, or the time is up", async () => {
    const { cluster, at } = await setUp(["a"]);
    const early = expectCode(at("a").drain({ timeoutMs: 1_000 }), "ask-timeout");
    await cluster.clock.pass(1_100);
    await early;
    const cancelled = new AbortController();
    const second = expectCode(at("a").drain({ signal: cancelled.signal }), "cancelled");
    cancelled.abort();
    await cluster.clock.until(second);
    const alone = await setUp(["a"]);
    alone.cluster.placement.elect("a");
    await alone.cluster.clock.until(alone.add("a", "x", 1));
    await expectCode(alone.cluster.clock.until(alone.at("a").drain()), "unsupported");
    // What it keeps it still serves.
    await alone.cluster.clock.until(alone.add("a", "x", 2));
    expect(alone.store.of("x")).toEqual([1, 2]);
  });

  test("has left although its region crashed on the way", async () => {
    const { cluster, at, counts, where } = await setUp(["a", "b"], { limits: { maxMoves: 1 } });
    cluster.placement.elect("a");
    for (const id of IDS) await where("a", id);
    const drained = at("b").drain();
    const { region } = at("b");
    // Nobody sends this; it stands for a bug.
    region.tell({ type: "deliver" } as unknown as Parameters<typeof region.tell>[0]);
    await cluster.clock.until(drained);
    expect(counts()).toEqual({ a: 8, b: 0 });
  });
});

test("however hosts leave while others lead and write, what is acknowledged is done once and in order, and who has left has nothing", async () => {
  const step = fc.tuple(fc.constantFrom("send", "send", "send", "drain", "elect", "reset", "pass"), fc.nat(100));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 40 }), fc.nat(1_000), async (steps, seed) => {
      const { cluster, store, at, add, counts } = await setUp(["a", "b", "c"], { seed });
      cluster.placement.elect("a");
      cluster.network.weather = { ...FAIR_WEATHER, jitterMs: seed % 50 };
      const peer = (lot: number): string => cluster.peers[lot % 3] ?? "a";
      const leaving = new Map<string, Promise<void>>();
      const ended: Promise<void>[] = [];
      const sent = new Map<string, number[]>();
      for (const [index, [action, lot]] of steps.entries()) {
        if (action === "send") {
          // One sender per entity: all of its messages have an order.
          const id = `s${lot % 6}`;
          ended.push(add(peer(lot), id, index, 60_000));
          sent.set(id, [...(sent.get(id) ?? []), index]);
        }
        if (action === "drain" && leaving.size < 2 && !leaving.has(peer(lot))) {
          leaving.set(peer(lot), at(peer(lot)).drain({ timeoutMs: 120_000 }));
        }
        if (action === "elect") cluster.placement.elect(peer(lot));
        if (action === "reset") cluster.network.reset(peer(lot), peer(lot + 1));
        if (action === "pass") await cluster.clock.pass(lot * 5);
      }
      await cluster.clock.until(Promise.all(ended));
      for (const [who, drained] of leaving) {
        await cluster.clock.until(drained);
        expect(counts()[who]).toBe(0);
        // Consensus would notice that the leader has gone.
        cluster.placement.elect(cluster.peers.find((each) => !leaving.has(each)));
        await cluster.clock.until(cluster.host(who).system.stop());
      }
      await cluster.clock.pass(3_000);
      for (const who of leaving.keys()) expect(counts()[who]).toBe(0);
      for (const [id, numbers] of sent) expect(store.of(id)).toEqual(numbers);
      await cluster.stop();
    }),
    { numRuns: Number(process.env["DRAINING_RUNS"] ?? 20) },
  );
});
