import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ActorError, applyPlacement, emptyPlacement } from "../../src/index.ts";
import {
  Coordination,
  type CoordinationEffect,
  DEFAULT_COORDINATION,
  type GivenUp,
} from "../../src/placement/coordination.ts";

const LIMITS = { ...DEFAULT_COORDINATION, maxMoves: 2, settleMs: 500, retryMs: 100 };
const REGIONS = ["a", "b", "c"];

/** A coordinator, its table, and regions that answer when they are told to. */
class World {
  table = emptyPlacement(7);
  nowMs = 0;
  readonly plan = new Coordination(LIMITS, () => this.table, 0);
  readonly up = new Set<string>();
  readonly givenUp = new Map<string, GivenUp[]>(REGIONS.map((region) => [region, []]));
  proposals: Extract<CoordinationEffect, { type: "propose" }>[] = [];
  handOffs: Extract<CoordinationEffect, { type: "hand-off" }>[] = [];
  mostHandOffs = 0;
  readonly leaving = new Set<string>();
  /** Those that were told so since they last came forward. */
  readonly free = new Set<string>();
  readonly stuck = new Set<string>();

  take(effects: readonly CoordinationEffect[]): void {
    for (const effect of effects) {
      if (effect.type === "propose") {
        if (this.free.has(effect.owner)) throw new Error(`${effect.owner} was told that it gets nothing more`);
        this.proposals.push(effect);
      }
      if (effect.type === "hand-off") this.handOffs.push(effect);
      if (effect.type === "leave") (effect.isFree ? this.free : this.stuck).add(effect.region);
    }
    this.mostHandOffs = Math.max(this.mostHandOffs, this.handOffs.length);
    const shards = [...this.proposals, ...this.handOffs].map(({ shard }) => shard);
    if (new Set(shards).size !== shards.length) throw new Error("two things at once about one shard");
  }

  register(region: string): void {
    this.up.add(region);
    const all = this.givenUp.get(region) ?? [];
    this.take(this.plan.regionUp(region, { givenUp: all, isLeaving: this.leaving.has(region) }, this.nowMs));
  }

  /** A region does as it is asked; `isLost`: nobody hears of it. */
  handOff(n: number, isLost: boolean): void {
    const [one] = this.handOffs.splice(n % Math.max(1, this.handOffs.length), 1);
    if (one === undefined) return;
    if (this.up.has(one.region)) this.givenUp.get(one.region)?.push(one);
    if (isLost) this.lost.push(one);
    else this.take(this.plan.handedOff(one.shard, one.epoch));
  }

  readonly lost: Extract<CoordinationEffect, { type: "hand-off" }>[] = [];

  down(region: string): void {
    this.up.delete(region);
    this.handOffs = this.handOffs.filter((each) => each.region !== region);
    this.take(this.plan.regionDown(region, this.nowMs));
  }

  propose(n: number, outcome: "taken" | "refused"): void {
    const [one] = this.proposals.splice(n % Math.max(1, this.proposals.length), 1);
    if (one === undefined) return;
    const changed = applyPlacement(this.table, { term: 1, ...one });
    if (changed instanceof ActorError || outcome === "refused") {
      this.take(this.plan.proposed(one.shard, new ActorError("stale-epoch", "no"), this.nowMs));
      return;
    }
    this.table = changed;
    this.take(this.plan.proposed(one.shard, undefined, this.nowMs));
  }

  settle(): void {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      this.nowMs += 200;
      for (const { shard, epoch } of this.lost.splice(0)) this.take(this.plan.handedOff(shard, epoch));
      for (const region of this.up) this.register(region);
      this.handOff(0, false);
      this.propose(0, "taken");
      this.take(this.plan.plan(this.nowMs));
    }
  }
}

describe("a coordinator", () => {
  test("waits for regions to come forward before it gives anything away", () => {
    const world = new World();
    world.register("a");
    world.nowMs = 499;
    world.register("b");
    expect(world.proposals).toEqual([]);
    world.nowMs = 500;
    world.take(world.plan.plan(500));
    expect(world.proposals).toHaveLength(7);
    expect([3, 4]).toContain(world.proposals.filter(({ owner }) => owner === "a").length);
  });

  test("waits no longer than until all owners have come forward or are known to be gone", () => {
    const before = new World();
    before.nowMs = 1_000;
    before.register("a");
    before.register("b");
    before.settle();
    const world = new World();
    world.table = before.table;
    world.nowMs = 20;
    world.register("c");
    world.register("b");
    world.nowMs = 40;
    expect([world.proposals, world.handOffs]).toEqual([[], []]);
    world.down("a");
    const orphans = before.table.rows.flatMap(({ owner }, shard) => (owner === "a" ? [shard] : []));
    expect(world.proposals.map(({ shard }) => shard)).toEqual(orphans);
    // Who was taken for gone and comes after all has its share again.
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.register("a");
    world.settle();
    expect(world.table.rows.some(({ owner }) => owner === "a")).toBe(true);
  });

  test("asks an owner before it moves a shard, and does not wait for one that is gone", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.register("b");
    expect(world.proposals).toEqual([]);
    expect(world.handOffs.map(({ region }) => region)).toEqual(["a", "a"]);
    const moving = world.handOffs.map(({ shard }) => shard);
    world.down("a");
    // Those that were under way are given on as planned, and so are all the others.
    expect(world.proposals.map(({ shard }) => shard).slice(0, 2)).toEqual(moving);
    expect(world.proposals).toHaveLength(7);
    expect(world.proposals.every(({ owner }) => owner === "b")).toBe(true);
  });

  test("gives a shard to somebody that its owner has given up for one who is gone", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.register("b");
    const moved = world.handOffs.splice(0).map(({ shard }) => shard);
    world.down("b");
    for (const [shard, epoch] of moved.map((each) => [each, 1] as const))
      world.take(world.plan.handedOff(shard, epoch));
    expect(world.proposals).toEqual([]);
    world.givenUp.set(
      "a",
      moved.map((shard) => ({ shard, epoch: 1 })),
    );
    world.register("a");
    expect(world.proposals.map(({ shard, owner }) => [shard, owner])).toEqual(
      moved.toSorted((x, y) => x - y).map((shard) => [shard, "a"]),
    );
  });

  test("pauses after a change that came to nothing, and tries again", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    const shard = world.proposals[0]?.shard;
    world.propose(0, "refused");
    world.take(world.plan.plan(1_099));
    expect(world.proposals.some((each) => each.shard === shard)).toBe(false);
    world.take(world.plan.plan(1_100));
    expect(world.proposals.some((each) => each.shard === shard)).toBe(true);
  });

  test("lets who leaves finish shard by shard, says when it is free, and never gives it anything again", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.leaving.add("a");
    world.register("a");
    world.take(world.plan.plan((world.nowMs += 1_999)));
    expect([[...world.stuck], world.handOffs]).toEqual([[], []]);
    // Only then it is sure that nobody is there.
    world.take(world.plan.plan((world.nowMs += 1)));
    expect([[...world.stuck], world.handOffs]).toEqual([["a"], []]);
    world.stuck.clear();
    world.register("b");
    while (world.handOffs.length > 0) {
      expect(world.free.has("a")).toBe(false);
      world.handOff(0, false);
      while (world.proposals.length > 0) world.propose(0, "taken");
    }
    expect([[...world.free], [...world.stuck]]).toEqual([["a"], []]);
    expect(world.table.rows.every(({ owner }) => owner === "b")).toBe(true);
    // What it had said before comes late.
    world.take(world.plan.regionUp("a", { givenUp: [], isLeaving: false }, world.nowMs));
    expect(world.handOffs).toEqual([]);
    // That it has changed its mind since comes with how often; what was said before that is late then.
    world.take(world.plan.regionUp("a", { givenUp: [], isLeaving: false, changes: 2 }, world.nowMs));
    expect(world.handOffs).not.toEqual([]);
    const moving = world.handOffs.length;
    world.take(world.plan.regionUp("a", { givenUp: [], isLeaving: true, changes: 1 }, world.nowMs));
    expect(world.handOffs.length).toBe(moving);
  });

  test("gives nothing to who leaves when nobody else is left", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    world.register("b");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.take(world.plan.regionUp("a", { givenUp: [], isLeaving: true }, world.nowMs));
    while (world.handOffs.length > 0 || world.proposals.length > 0) {
      if (world.handOffs.length > 0) world.handOff(0, false);
      while (world.proposals.length > 0) world.propose(0, "taken");
    }
    world.down("b");
    world.take(world.plan.plan(world.nowMs));
    expect(world.proposals).toEqual([]);
  });

  test("gives a shard on to somebody else when whoever was to have it wants to leave meanwhile", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.register("b");
    world.leaving.add("b");
    world.register("b");
    expect(world.free.has("b")).toBe(false);
    while (world.handOffs.length > 0) world.handOff(0, false);
    expect(world.proposals).toEqual([]);
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    expect(world.table.rows.every(({ owner }) => owner === "a")).toBe(true);
    world.take(world.plan.plan(world.nowMs));
    expect(world.free.has("b")).toBe(true);
  });

  test("leaves alone for a while what is busy, takes another one for balance meanwhile, and asks again", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.register("b");
    const [first] = world.handOffs.splice(0, 1);
    if (first === undefined) throw new Error("nothing moves");
    expect(first.isForBalance).toBe(true);
    expect(world.plan.busy(first.shard, 0, world.nowMs)).toEqual([]);
    world.take(world.plan.busy(first.shard, first.epoch, world.nowMs));
    expect(world.handOffs.map(({ shard }) => shard)).not.toContain(first.shard);
    expect(world.plan.handedOff(first.shard, first.epoch)).toEqual([]);
    expect(world.plan.isWaiting(world.nowMs)).toBe(true);
    world.settle();
    expect(world.table.rows.filter(({ owner }) => owner === "b")).toHaveLength(3);
    expect(world.plan.isWaiting(world.nowMs)).toBe(false);
    // Who leaves is asked for it all the same.
    world.leaving.add("a");
    world.register("a");
    expect(world.handOffs[0]?.isForBalance).toBe(false);
  });

  test("does not believe what was handed off under another epoch, nor twice", () => {
    const world = new World();
    world.nowMs = 1_000;
    world.register("a");
    while (world.proposals.length > 0) world.propose(0, "taken");
    world.register("b");
    const [first] = world.handOffs;
    const shard = first?.shard ?? -1;
    expect(world.plan.handedOff(shard, 0)).toEqual([]);
    expect(world.plan.handedOff(shard, 1)).toMatchObject([{ type: "propose", shard }]);
    expect(world.plan.handedOff(shard, 1)).toEqual([]);
  });
});

type Step = readonly ["register" | "down" | "hand-off" | "lose" | "taken" | "refused" | "tick" | "leave", number];

test("whatever comes and goes, few shards move at once, and in the end all are owned, evenly, by those who are there", () => {
  const step = fc.tuple(
    fc.constantFrom<Step[0]>(
      "register",
      "register",
      "down",
      "hand-off",
      "hand-off",
      "lose",
      "taken",
      "taken",
      "refused",
      "tick",
      "leave",
    ),
    fc.nat(20),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.subarray(REGIONS, { minLength: 1 }), (steps, last) => {
      const world = new World();
      for (const [action, n] of steps) {
        const region = REGIONS[n % 3] ?? "a";
        if (action === "register") world.register(region);
        if (action === "leave" && world.leaving.size < 2) {
          world.leaving.add(region);
          if (world.up.has(region)) world.register(region);
        }
        if (action === "down") world.down(region);
        if (action === "hand-off" || action === "lose") world.handOff(n, action === "lose");
        if (action === "taken" || action === "refused") world.propose(n, action);
        if (action === "tick") world.take(world.plan.plan((world.nowMs += 50 * n)));
      }
      for (const region of REGIONS) {
        if (last.includes(region)) world.register(region);
        else world.down(region);
      }
      const stuck = last.every((region) => world.leaving.has(region));
      if (stuck) world.register(REGIONS.find((region) => !world.leaving.has(region)) ?? "");
      world.settle();
      expect([world.proposals, world.handOffs]).toEqual([[], []]);
      const there = REGIONS.filter((region) => world.up.has(region));
      const staying = there.filter((region) => !world.leaving.has(region));
      for (const region of there) expect(world.free.has(region)).toBe(world.leaving.has(region));
      const counts = staying.map((region) => world.table.rows.filter(({ owner }) => owner === region).length);
      expect(counts.reduce((sum, each) => sum + each, 0)).toBe(7);
      expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
      expect(world.mostHandOffs).toBeLessThanOrEqual(LIMITS.maxMoves);
      const unserved = there.flatMap((region) =>
        (world.givenUp.get(region) ?? []).filter(({ shard, epoch }) => {
          const row = world.table.rows[shard];
          return row?.owner === region && row.epoch === epoch;
        }),
      );
      expect(unserved).toEqual([]);
    }),
    { numRuns: 500 },
  );
});
