import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ActorError, applyPlacement, emptyPlacement, Fence, shardOf, type Stamp } from "../../src/index.ts";

const stamp = fc.record<Stamp>({
  scope: fc.constantFrom("session/0", "session/1", "singleton/sweeper"),
  kind: fc.constantFrom("epoch", "term"),
  token: fc.nat(6),
});

describe("a fence", () => {
  test("accepts in each scope what is not older than anything it has accepted there, and nothing else", () => {
    fc.assert(
      fc.property(fc.array(stamp), (stamps) => {
        const fence = new Fence();
        const newest = new Map<string, number>();
        for (const each of stamps) {
          const isStale = each.token < (newest.get(each.scope) ?? 0);
          expect(fence.admit(each)?.code).toBe(isStale ? `stale-${each.kind}` : undefined);
          if (!isStale) newest.set(each.scope, each.token);
          expect(fence.newest(each.scope)).toBe(newest.get(each.scope));
        }
        expect(new Map(fence.entries())).toEqual(newest);
      }),
    );
  });

  test("goes on in another life where it was", () => {
    const fence = new Fence();
    fence.admit({ scope: "a", kind: "epoch", token: 4 });
    const next = new Fence(fence.entries());
    expect(next.admit({ scope: "a", kind: "epoch", token: 3 })).toMatchObject({ code: "stale-epoch" });
  });

  test("forgets no scope for want of room, and takes nothing that is no token", () => {
    const fence = new Fence([], 1);
    expect(fence.admit({ scope: "a", kind: "term", token: 2 })).toBeUndefined();
    expect(fence.admit({ scope: "b", kind: "term", token: 2 })).toMatchObject({ code: "too-large" });
    expect(fence.admit({ scope: "a", kind: "term", token: 1 })).toMatchObject({ code: "stale-term" });
    for (const token of [-1, 0.5, Number.NaN, Infinity]) {
      expect(fence.admit({ scope: "a", kind: "term", token })).toMatchObject({ code: "bad-message" });
    }
  });
});

describe("the placement table", () => {
  test("gives every owner of a shard an epoch that nobody had before", () => {
    const change = fc.record({
      term: fc.nat(4),
      shard: fc.nat(3),
      expectedEpoch: fc.nat(5),
      owner: fc.constantFrom("a", "b"),
    });
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        let table = emptyPlacement(3);
        const owners = new Map<string, string>();
        for (const each of changes) {
          const before = table;
          const after = applyPlacement(table, each);
          if (after instanceof ActorError) {
            const isStale = each.term < before.term || each.expectedEpoch !== before.rows[each.shard]?.epoch;
            expect(isStale).toBe(true);
            continue;
          }
          table = after;
          const key = `${each.shard}/${after.rows[each.shard]?.epoch}`;
          expect(owners.has(key)).toBe(false);
          owners.set(key, each.owner);
          expect(after.term).toBeGreaterThanOrEqual(before.term);
          expect(after.rows.filter((row, shard) => row !== before.rows[shard])).toHaveLength(1);
        }
      }),
    );
  });

  test("has shards, and not too many", () => {
    expect(emptyPlacement(2).rows).toEqual([
      { epoch: 0, owner: undefined },
      { epoch: 0, owner: undefined },
    ]);
    for (const shards of [0, -1, 1.5, 100_000]) expect(() => emptyPlacement(shards)).toThrow(/there cannot be/);
  });

  test("spreads entities evenly over its shards, and in the same way for ever", () => {
    expect(["", "a", "session-1", "Gespräch 🎙"].map((id) => shardOf(id, 64))).toMatchInlineSnapshot(`
      [
        11,
        39,
        46,
        32,
      ]
    `);
    const counts = Array.from({ length: 64 }, () => 0);
    for (let n = 0; n < 64_000; n += 1) {
      const shard = shardOf(`session-${n}`, 64);
      counts[shard] = (counts[shard] ?? 0) + 1;
    }
    // Six standard deviations.
    expect(Math.max(...counts)).toBeLessThan(1_000 + 6 * 32);
    expect(Math.min(...counts)).toBeGreaterThan(1_000 - 6 * 32);
  });
});
