import fc from "fast-check";
import { expect, test } from "vitest";
import { allocate } from "../../src/placement/allocation.ts";
import type { ShardRow } from "../../src/placement/table.ts";

const REGIONS = ["a", "b", "c", "d", "e"];

const nobody: ReadonlySet<string> = new Set();
const NOTHING = { underWay: new Map<number, string>(), givenUp: new Set<number>(), busy: new Set<number>() };

const world = fc.record({
  rows: fc.array(
    fc.record({ epoch: fc.nat(3), owner: fc.option(fc.constantFrom(...REGIONS, "gone"), { nil: undefined }) }),
    {
      minLength: 1,
      maxLength: 40,
    },
  ),
  regions: fc.subarray(REGIONS, { minLength: 1 }),
  maxMoves: fc.integer({ min: 1, max: 5 }),
});

function loads(rows: readonly ShardRow[], regions: readonly string[]): readonly number[] {
  return regions.map((region) => rows.filter(({ owner }) => owner === region).length);
}

test("every shard that nobody serves gets an owner at once, and no more moves are under way than may be", () => {
  fc.assert(
    fc.property(world, fc.array(fc.nat(39)), fc.array(fc.nat(39)), ({ rows, regions, maxMoves }, busy, given) => {
      const underWay = new Map(busy.filter((shard) => shard < rows.length).map((shard) => [shard, regions[0] ?? ""]));
      const givenUp = new Set(given);
      const { assign, move } = allocate({
        rows,
        regions,
        leaving: nobody,
        underWay,
        givenUp,
        busy: new Set(),
        maxMoves,
      });
      const isServed = (shard: number): boolean => {
        const owner = rows[shard]?.owner;
        return owner !== undefined && regions.includes(owner) && !givenUp.has(shard);
      };
      const orphans = rows.flatMap((_, shard) => (isServed(shard) || underWay.has(shard) ? [] : [shard]));
      expect(assign.map(({ shard }) => shard)).toEqual(orphans);
      expect(move.length).toBeLessThanOrEqual(Math.max(0, maxMoves - underWay.size));
      for (const { shard, from } of move) {
        expect(rows[shard]?.owner).toBe(from);
        expect(isServed(shard) && !underWay.has(shard)).toBe(true);
      }
      const targets = [...assign, ...move].map(({ owner }) => owner);
      expect(targets.every((owner) => regions.includes(owner))).toBe(true);
    }),
  );
});

test("balance comes with as few moves as it takes, and then there is rest", () => {
  fc.assert(
    fc.property(world, ({ rows: start, regions, maxMoves }) => {
      let rows: readonly ShardRow[] = start;
      let moves = 0;
      const none = { leaving: nobody, ...NOTHING };
      const assigned = allocate({ rows, regions, ...none, maxMoves }).assign;
      for (const { shard, owner } of assigned) rows = rows.with(shard, { epoch: 1, owner });
      // What is above its share must move, wherever the shares that are one greater end up.
      const share = rows.length / regions.length;
      const above = loads(rows, regions).map((load) => Math.max(0, load - Math.ceil(share)));
      const below = loads(rows, regions).map((load) => Math.max(0, Math.floor(share) - load));
      const sum = (all: readonly number[]): number => all.reduce((total, each) => total + each, 0);
      const needed = Math.max(sum(above), sum(below));
      for (;;) {
        const { assign, move } = allocate({ rows, regions, ...none, maxMoves });
        expect(assign).toEqual([]);
        if (move.length === 0) break;
        for (const { shard, owner } of move) rows = rows.with(shard, { epoch: 1, owner });
        moves += move.length;
        expect(moves).toBeLessThanOrEqual(rows.length);
      }
      const after = loads(rows, regions);
      expect(Math.max(...after) - Math.min(...after)).toBeLessThanOrEqual(1);
      expect(moves).toBe(needed);
    }),
  );
});

test("with nobody to own anything, nothing is planned", () => {
  const rows = [{ epoch: 1, owner: "gone" }];
  const input = { rows, leaving: nobody, ...NOTHING, maxMoves: 3 };
  expect(allocate({ ...input, regions: [] })).toEqual({ assign: [], move: [] });
  expect(allocate({ ...input, regions: ["gone"], leaving: new Set(["gone"]) })).toEqual({ assign: [], move: [] });
});

test("who leaves gets nothing and ends with nothing, within the bound of moves, and those who stay are even", () => {
  fc.assert(
    fc.property(world, fc.subarray(REGIONS), ({ rows: start, regions, maxMoves }, subset) => {
      const leaving = new Set(subset);
      const staying = regions.filter((region) => !leaving.has(region));
      fc.pre(staying.length > 0);
      const none = { leaving, ...NOTHING };
      let rows: readonly ShardRow[] = start;
      let rounds = 0;
      for (;;) {
        const { assign, move } = allocate({ rows, regions, ...none, maxMoves });
        if (assign.length + move.length === 0) break;
        expect(move.length).toBeLessThanOrEqual(maxMoves);
        for (const { shard, owner } of [...assign, ...move]) {
          expect(staying).toContain(owner);
          rows = rows.with(shard, { epoch: 1, owner });
        }
        expect((rounds += 1)).toBeLessThanOrEqual(rows.length + 1);
      }
      expect(rows.every(({ owner }) => owner !== undefined && staying.includes(owner))).toBe(true);
      const after = loads(rows, staying);
      expect(Math.max(...after) - Math.min(...after)).toBeLessThanOrEqual(1);
    }),
  );
});

test("what is busy is moved for nobody but who leaves, and the rest is as even as that lets it be", () => {
  fc.assert(
    fc.property(
      world,
      fc.subarray(REGIONS),
      fc.array(fc.nat(39)),
      ({ rows: start, regions, maxMoves }, subset, given) => {
        const leaving = new Set(subset);
        const staying = regions.filter((region) => !leaving.has(region));
        fc.pre(staying.length > 0);
        const busy = new Set(given);
        let rows: readonly ShardRow[] = start;
        for (let rounds = 0; ; rounds += 1) {
          expect(rounds).toBeLessThanOrEqual(rows.length + 1);
          const { assign, move } = allocate({ rows, regions, leaving, ...NOTHING, busy, maxMoves });
          if (assign.length + move.length === 0) break;
          for (const { shard, from } of move) expect(busy.has(shard) && !leaving.has(from)).toBe(false);
          for (const { shard, owner } of [...assign, ...move]) rows = rows.with(shard, { epoch: 1, owner });
        }
        const least = Math.min(...loads(rows, staying));
        for (const region of staying) {
          const own = rows.flatMap(({ owner }, shard) => (owner === region ? [shard] : []));
          const hasToSpare = own.some((shard) => !busy.has(shard));
          expect(own.length - least > 1 && hasToSpare).toBe(false);
        }
      },
    ),
  );
});
