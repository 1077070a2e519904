import { describe, expect, it, onTestFinished } from "vitest";
import { isActorError } from "../../../src/index.ts";
import { PlacedWorld, until } from "./placed-children.ts";

const IDS = Array.from({ length: 12 }, (_, n) => `s${n}`);
const LIMIT_MS = 60_000;

/** Starts hosts, lets `leader` lead, and waits until every entity has a place and each host has some. */
async function settled(leader: string, options: { readonly withRelays?: boolean } = {}) {
  const world = await PlacedWorld.start(options);
  world.consensus.placement.elect(leader);
  await until(() =>
    world.peers.every((peer) => world.consensus.owners().filter((owner) => owner === peer).length === 3),
  );
  const places = await world.places(leader, IDS);
  const livingAt = (peer: string): readonly string[] => IDS.filter((id) => places.get(id) === peer);
  for (const peer of world.peers) expect(livingAt(peer)).not.toEqual([]);
  return { world, livingAt };
}

/** Has the singleton write; tells it once more when it came to a host that is gone, or that it is leaving. */
async function clerk(world: PlacedWorld, from: string, n: number): Promise<unknown> {
  for (;;) {
    try {
      return await world.do(from, { type: "clerk", n });
    } catch (error) {
      if (!isActorError(error, "peer-gone", "ask-timeout")) throw error;
      await new Promise(setImmediate);
    }
  }
}

/** Sends numbers to entities, one after the other each, until it is stopped. */
class Writer {
  readonly acknowledged = new Map<string, number[]>();
  readonly #world: PlacedWorld;
  readonly #from: string;
  readonly #all: Promise<void>;
  #isStopped = false;

  constructor(world: PlacedWorld, from: string, ids: readonly string[]) {
    this.#world = world;
    this.#from = from;
    this.#all = Promise.all(ids.map((id) => this.#write(id))).then(() => undefined);
    // Before the hosts are ended, also when the test has failed.
    onTestFinished(() => this.stop());
  }

  /** So many more of each entity. */
  async pass(count: number): Promise<void> {
    const before = this.#least;
    await until(() => this.#least >= before + count);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#all;
  }

  get #least(): number {
    return Math.min(...[...this.acknowledged.values()].map((numbers) => numbers.length));
  }

  async #write(entity: string): Promise<void> {
    const numbers: number[] = [];
    this.acknowledged.set(entity, numbers);
    for (let n = 0; !this.#isStopped; n += 1) {
      try {
        await this.#world.do(this.#from, { type: "offer", entity, n });
        numbers.push(n);
      } catch (error) {
        // An owner whose time was over took it: it was not acknowledged, and nothing of it was accepted.
        if (!isActorError(error, "actor-failed")) throw error;
      }
    }
  }
}

/** What was acknowledged was accepted, in order, and nothing of anybody who was not the owner. */
function expectKept({ sink }: PlacedWorld, { acknowledged }: Writer): void {
  for (const [id, numbers] of acknowledged) {
    const accepted = [...new Set(sink.of(id))];
    expect(accepted).toEqual(accepted.toSorted((a, b) => a - b));
    expect(numbers.filter((n) => !accepted.includes(n))).toEqual([]);
  }
  expect(sink.wrongs()).toEqual([]);
}

describe("hosts in processes of their own", { timeout: LIMIT_MS }, () => {
  it("find each other's services, and their entities and their singleton from everywhere", async () => {
    const { world } = await settled("a");
    for (const peer of world.peers) {
      await until(async () => String(await world.do(peer, { type: "scribes" })) === "a,b,c");
      expect(await world.do(peer, { type: "clerk", n: 1 })).toBe("a@1");
      expect(await world.places(peer, IDS)).toEqual(await world.places("a", IDS));
    }
    for (let n = 0; n < 100; n += 1) await world.do("a", { type: "note", at: "c", n });
    expect(world.consensus.notes.map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => n));
  });

  it("go on when an owner is killed: what was under way is done elsewhere, and its entities awake there", async () => {
    const { world, livingAt } = await settled("a");
    const silent = livingAt("b").at(-1) ?? "";
    const writer = new Writer(
      world,
      "a",
      IDS.filter((id) => id !== silent),
    );
    await writer.pass(20);
    await world.child("b").kill();
    await writer.pass(20);
    // Nobody has written to this one.
    await until(() =>
      world.sink.accepted.some(({ who, what, by }) => who === silent && what === "awake" && by !== "b"),
    );
    await until(async () => String(await world.do("a", { type: "scribes" })) === "a,c");
    await writer.stop();
    expect(world.consensus.owners()).not.toContain("b");
    expectKept(world, writer);
  });

  it("go on when the host of the singleton is killed, which coordinates the entities too", async () => {
    const { world } = await settled("a");
    const writer = new Writer(world, "b", IDS);
    expect(await world.do("c", { type: "clerk", n: 1 })).toBe("a@1");
    await world.child("a").kill();
    world.consensus.placement.elect("c");
    expect(await clerk(world, "b", 2)).toBe("c@2");
    await writer.pass(20);
    await writer.stop();
    expect(world.consensus.owners()).not.toContain("a");
    expect(world.sink.of("clerk")).toEqual([1, 2]);
    expectKept(world, writer);
  });

  it("do not run the singleton twice in one term, however quickly its host comes back", async () => {
    const { world } = await settled("a");
    expect(await world.do("b", { type: "clerk", n: 1 })).toBe("a@1");
    await world.restart("a");
    // Consensus has not noticed, and so nobody leads; it waits for who will.
    const waiting = clerk(world, "a", 2);
    await until(async () => String(await world.do("a", { type: "scribes" })) === "a,b,c");
    expect(world.sink.of("clerk")).toEqual([1]);
    world.consensus.placement.elect("a");
    expect(await waiting).toBe("a@2");
    expect(world.sink.wrongs()).toEqual([]);
  });

  it("refuse what an owner still does that was asleep and believes: nothing acknowledged is lost", async () => {
    const { world, livingAt } = await settled("a");
    const [entity = ""] = livingAt("b");
    const others = IDS.filter((id) => id !== entity);
    const writer = new Writer(world, "c", others);
    await writer.pass(10);
    world.child("b").signal("SIGSTOP");
    world.consensus.placement.cutOff("b");
    await until(() => !world.consensus.owners().includes("b"));
    await writer.pass(10);
    world.child("b").signal("SIGCONT");
    // It has heard of nothing: it takes the message for its own, and its entity does it.
    await expect(world.do("b", { type: "offer", entity, n: -1 })).rejects.toMatchObject({ code: "actor-failed" });
    const late = world.sink.refused.filter(({ effect }) => effect.by === "b");
    expect(late).not.toEqual([]);
    expect(late.every(({ code }) => code === "stale-epoch")).toBe(true);
    expect(world.sink.of(entity)).not.toContain(-1);
    world.consensus.placement.reconnect("b");
    await until(() => world.consensus.owners().includes("b"));
    await writer.pass(10);
    await writer.stop();
    await world.do("b", { type: "offer", entity, n: 1_000_000 });
    expect(world.sink.of(entity).at(-1)).toBe(1_000_000);
    expectKept(world, writer);
  });

  it("refuse what a singleton still does that was asleep and believes", async () => {
    const { world } = await settled("a", { withRelays: true });
    expect(await world.do("a", { type: "clerk", n: 1 })).toBe("a@1");
    world.child("a").signal("SIGSTOP");
    // Nor does anybody else tell it that its time is over.
    for (const other of ["b", "c"]) world.cut("a", other);
    world.consensus.placement.cutOff("a");
    world.consensus.placement.elect("b");
    expect(await clerk(world, "c", 2)).toBe("b@2");
    world.child("a").signal("SIGCONT");
    expect(await world.do("a", { type: "clerk", n: 3 })).toBe("a: stale-term");
    for (const other of ["b", "c"]) world.mend("a", other);
    world.consensus.placement.reconnect("a");
    await until(async () => (await clerk(world, "a", 4)) === "b@2");
    expect(world.sink.of("clerk")).toEqual(expect.arrayContaining([1, 2, 4]));
    expect(world.sink.of("clerk")).not.toContain(3);
    expect(world.sink.wrongs()).toEqual([]);
  });

  it("that cannot reach each other, but consensus, agree on who owns what, and balance is back with the link", async () => {
    const { world, livingAt } = await settled("a", { withRelays: true });
    const [entity = ""] = livingAt("b");
    const writer = new Writer(world, "c", IDS);
    await writer.pass(10);
    world.cut("a", "b");
    await until(() => !world.consensus.owners().includes("b"));
    await writer.pass(10);
    // It knows by the table that it owns nothing, though nobody could tell it.
    const moved = world.sink.accepted.filter(({ who, by }) => who === entity && by !== "b");
    expect(moved).not.toEqual([]);
    const stuck = IDS.map((id) => world.do("b", { type: "offer", entity: id, n: 1_000_000 }));
    const noted = world.do("a", { type: "note", at: "b", n: 7 });
    await writer.pass(10);
    expect(world.consensus.notes).toEqual([]);
    world.mend("a", "b");
    await Promise.all(stuck);
    await noted;
    await until(() => world.consensus.owners().filter((owner) => owner === "b").length === 3);
    await writer.pass(10);
    await writer.stop();
    for (const id of IDS) expect(world.sink.of(id)).toContain(1_000_000);
    expect(world.consensus.notes).toEqual([{ n: 7, by: "b" }]);
    expect(world.sink.wrongs()).toEqual([]);
  });

  it("leave in order: nothing is refused or repeated, and nothing is left open", async () => {
    const { world } = await settled("a");
    const writer = new Writer(world, "c", IDS);
    await writer.pass(10);
    await world.do("a", { type: "drain" });
    expect(world.consensus.owners()).not.toContain("a");
    await writer.pass(10);
    world.consensus.placement.elect("b");
    expect(await world.child("a").stop()).toBe(0);
    await writer.pass(10);
    await writer.stop();
    for (const [id, numbers] of writer.acknowledged) {
      expect(numbers).toEqual(numbers.map((_, n) => n));
      expect(world.sink.of(id)).toEqual(numbers);
    }
    expect(world.sink.refused).toEqual([]);
    expect(world.sink.wrongs()).toEqual([]);
    expect(await world.do("b", { type: "clerk", n: 1 })).toBe("b@2");
  });
});
