import { describe, expect, test } from "vitest";
import { type ActorContext, type EntityBehavior, shardOf } from "../../src/index.ts";
import { MemoryEntities } from "../../src/testing/index.ts";
import { expectCode, Gate } from "../core/support.ts";
import { type Message, shardedWorld as setUp } from "./sharded-world.ts";

const IDS = Array.from({ length: 12 }, (_, n) => `s${n}`);

interface Handled {
  readonly id: string;
  readonly epoch: number;
  readonly message: Message["type"];
}

/** Until `gate` opens; given up when the life of the actor ends, as every wait should be. */
async function heedful(gate: Gate, { signal }: ActorContext<Message>): Promise<void> {
  const over = new Promise<never>((_resolve, reject) => {
    const give = (): void => reject(new Error("given up", { cause: signal.reason }));
    if (signal.aborted) give();
    else signal.addEventListener("abort", give, { once: true });
  });
  await Promise.race([gate.wait(), over]);
}

/** Entities that wait for the gate at `hang`, and answer at `where` after it. */
function heedfulEntities(gate: Gate): {
  readonly begun: Handled[];
  readonly handled: Handled[];
  readonly behavior: EntityBehavior<Message>;
} {
  const begun: Handled[] = [];
  const handled: Handled[] = [];
  const behavior: EntityBehavior<Message> = (stay) => (context) => async (message) => {
    const one = { id: stay.id, epoch: stay.epoch, message: message.type };
    begun.push(one);
    if (message.type === "sleep") stay.passivate();
    if (message.type !== "add") await heedful(gate, context);
    if (message.type === "where") message.replyTo.tell(`${stay.epoch}`);
    handled.push(one);
  };
  return { begun, handled, behavior };
}

describe("an entity that cannot start", () => {
  test("is tried again, and no message counts as handled that it did not handle", async () => {
    let failures = 1;
    const handled: string[] = [];
    const behavior: EntityBehavior<Message> = ({ id }) => {
      failures -= 1;
      if (failures >= 0) throw new Error("not yet");
      return () => () => void handled.push(id);
    };
    const { cluster, add } = await setUp(["a", "b"], { behavior });
    cluster.placement.elect("a");
    for (let n = 0; n < 5; n += 1) {
      await cluster.clock.until(add("b", "x", n));
      expect(handled).toHaveLength(n + 1);
    }
    failures = Infinity;
    const failed = expectCode(add("a", "y", 1, 3_000), "ask-timeout");
    const asked = expectCode(add("b", "y", 2, 3_000), "ask-timeout");
    await cluster.clock.pass(3_100);
    await Promise.all([failed, asked]);
    // The others live on, and the next message finds it when it can.
    await cluster.clock.until(add("a", "x", 5));
    failures = 0;
    await cluster.clock.until(add("a", "y", 3, 10_000));
    expect(handled.filter((id) => id === "y")).toEqual(["y"]);
  });

  test("because a newer owner has shown its stamp, gives its messages back at once: who has heard of that sends them there", async () => {
    const memory = new MemoryEntities();
    const { cluster, store, where, add, at } = await setUp(["a", "b", "c"], { memory });
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    let id = "";
    for (const each of IDS) if ((await where("a", each)).startsWith("c")) id = each;
    at("a").entity(id).tell({ type: "sleep" });
    await cluster.clock.pass(100);
    // Only consensus is out of reach, for its owner and for who sends.
    cluster.placement.cutOff("c");
    cluster.placement.cutOff("b");
    const shard = shardOf(id, 8);
    const expectedEpoch = cluster.placement.table.rows[shard]?.epoch ?? 0;
    const change = { term: 1, shard, expectedEpoch, owner: at("a").region.address };
    await cluster.clock.until(cluster.placement.tableOf("a").propose(change, { signal: new AbortController().signal }));
    await cluster.clock.pass(100);
    const added = add("b", id, 1, 20_000);
    await cluster.clock.pass(500);
    expect(store.of(id)).toEqual([]);
    cluster.placement.reconnect("b");
    await cluster.clock.pass(500);
    expect(store.written).toMatchObject([{ entity: id, n: 1, peer: "a" }]);
    await added;
    // It has served the shard to nobody; what it is sent it sends on, once it has heard.
    const late = add("c", id, 2, 20_000);
    cluster.placement.reconnect("c");
    await cluster.clock.until(late);
    expect(store.of(id)).toEqual([1, 2]);
  });
});

describe("an entity with a message at hand", () => {
  test("finishes it before its shard moves, undisturbed, and the others come to its next life", async () => {
    const gate = new Gate();
    const { begun, handled, behavior } = heedfulEntities(gate);
    const { cluster, at, counts } = await setUp(["a", "b"], { behavior });
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    const offers = IDS.map((id) => at("a").entity(id).offer({ type: "hang" }, { timeoutMs: 20_000 }));
    const asks = IDS.map((id) =>
      at("a")
        .entity(id)
        .ask<string>((replyTo) => ({ type: "where", replyTo }), { timeoutMs: 20_000 }),
    );
    await cluster.clock.pass(100);
    const drained = at("b").drain();
    await cluster.clock.pass(1_000);
    expect(counts()["b"]).toBeGreaterThan(0);
    gate.open();
    await cluster.clock.until(Promise.all([...offers, ...asks, drained]));
    expect(counts()["b"]).toBe(0);
    // Each began once: nothing was cut short.
    expect(begun).toHaveLength(24);
    expect(handled).toHaveLength(24);
  });

  test("that does not end in time is stopped: what is acknowledged is done by its next life, what is told is not done twice", async () => {
    const gate = new Gate();
    const { begun, handled, behavior } = heedfulEntities(gate);
    const { cluster, at, owners } = await setUp(["a", "b"], { behavior, spawn: { stopTimeoutMs: 2_000 } });
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    const leaver = owners()[shardOf("told", 8)] ?? "nobody";
    const from = leaver === "a" ? "b" : "a";
    const offered = IDS.map((id) => at(from).entity(id).offer({ type: "hang" }, { timeoutMs: 30_000 }));
    const failed = expectCode(
      at(from)
        .entity("told")
        .ask<string>((replyTo) => ({ type: "where", replyTo }), { timeoutMs: 30_000 }),
      "actor-failed",
    );
    await cluster.clock.pass(100);
    await cluster.clock.until(at(leaver).drain());
    gate.open();
    await cluster.clock.until(Promise.all(offered));
    for (const id of IDS) expect(handled.filter((each) => each.id === id)).toHaveLength(1);
    // Some were cut short.
    expect(begun.filter(({ message }) => message === "hang").length).toBeGreaterThan(12);
    await failed;
    expect(begun.filter(({ id }) => id === "told")).toHaveLength(1);
  });

  test("finishes it before it falls asleep, and what comes meanwhile wakes it", async () => {
    const gate = new Gate();
    const { begun, handled, behavior } = heedfulEntities(gate);
    const { cluster, at, add } = await setUp(["a"], { behavior });
    cluster.placement.elect("a");
    await cluster.clock.pass(3_000);
    const slept = at("a").entity("x").offer({ type: "sleep" });
    const added = add("a", "x", 1);
    await cluster.clock.pass(500);
    expect(begun.map(({ message }) => message)).toEqual(["sleep"]);
    gate.open();
    await cluster.clock.until(Promise.all([slept, added]));
    expect(handled.map(({ message }) => message)).toEqual(["sleep", "add"]);
  });
});

test("what is only told or asked waits for the next owner when the one that the table names has stopped and is certain not to have it", async () => {
  const { cluster, store, where, open, at } = await setUp();
  cluster.placement.elect("a");
  await cluster.clock.pass(3_000);
  let id = "";
  for (const each of IDS) if ((await where("a", each)).startsWith("c")) id = each;
  // Nobody coordinates when it goes and comes back.
  cluster.placement.elect(undefined);
  await cluster.clock.pass(100);
  await cluster.crash("c");
  await cluster.up(["c"]);
  open("c");
  await cluster.clock.pass(3_000);
  at("a").entity(id).tell({ type: "add", n: 1 });
  const asked = where("b", id);
  await cluster.clock.pass(1_000);
  expect(store.of(id)).toEqual([]);
  cluster.placement.elect("a");
  expect(await asked).toMatch(/^[abc]\//);
  expect(store.of(id)).toEqual([1]);
});

test("what is only told or asked waits for the next owner when the host of the last one can be reached no more", async () => {
  const { cluster, store, where, at } = await setUp();
  cluster.placement.elect("a");
  await cluster.clock.pass(3_000);
  let id = "";
  for (const each of IDS) if ((await where("a", each)).startsWith("c")) id = each;
  // Nobody coordinates when it goes, and it does not come back.
  cluster.placement.elect(undefined);
  await cluster.clock.pass(100);
  await cluster.crash("c");
  at("a").entity(id).tell({ type: "add", n: 1 });
  const asked = where("b", id);
  await cluster.clock.pass(1_000);
  at("a").entity(id).tell({ type: "add", n: 2 });
  await cluster.clock.pass(1_000);
  cluster.placement.elect("a");
  expect(await asked).toMatch(/^[ab]\//);
  expect(store.of(id)).toEqual([1, 2]);
});
