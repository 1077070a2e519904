import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isRaftError } from "../../../src/errors.ts";
import * as kv from "../../../src/testing/kv/index.ts";

const key = fc.string({ unit: "grapheme", maxLength: 4 });
const value = fc.uint8Array({ maxLength: 5 });
const revision = fc.nat(Number.MAX_SAFE_INTEGER);

function filled(pairs: readonly (readonly [string, Uint8Array])[]): kv.KvMachine {
  const machine = new kv.KvMachine();
  machine.apply(pairs.map(([key, value], i) => ({ index: i + 1, term: 1, data: kv.encodePut(key, value) })));
  return machine;
}

const plain = (pairs: readonly kv.KvPair[]) => pairs.map(({ value, ...pair }) => ({ ...pair, value: [...value] }));

describe("queries as bytes", () => {
  it("are answered as the machine answers when it is asked itself", () => {
    const pairs = fc.array(fc.tuple(key, value), { maxLength: 10 });
    fc.assert(
      fc.property(pairs, key, fc.option(key, { nil: undefined }), fc.nat(12), (pairs, from, to, limit) => {
        const machine = filled(pairs);
        const range = kv.answerQuery(machine, kv.encodeQuery({ query: "range", from, to, limit }));
        expect(plain(kv.decodePairs(range))).toEqual(plain(machine.range({ from, to, limit })));
        const got = machine.get(from);
        const answer = kv.answerQuery(machine, kv.encodeQuery({ query: "get", key: from }));
        expect(plain(kv.decodePairs(answer))).toEqual(got === undefined ? [] : plain([got]));
      }),
    );
  });

  it("and their answers and watched changes are refused as corrupt when they are garbage", () => {
    const machine = filled([["a", Uint8Array.of(1)]]);
    const readers: readonly ((bytes: Uint8Array) => unknown)[] = [
      (bytes) => kv.answerQuery(machine, bytes),
      kv.decodePairs,
      kv.decodeWatchItem,
      kv.decodeResult,
    ];
    const seeds = [
      kv.encodeQuery({ query: "range", from: "a", to: "b", limit: 3 }),
      kv.encodeWatchItem({ type: "put", revision: 7, key: "a", value: Uint8Array.of(1, 2) }),
    ];
    const damaged = fc
      .tuple(fc.constantFrom(...seeds), fc.nat(30), fc.nat(255), fc.nat(40))
      .map(([whole, at, byte, end]) => whole.map((old, i) => (i === at ? byte : old)).subarray(0, end));
    const refused = readers.map(() => 0);
    fc.assert(
      fc.property(fc.oneof(damaged, fc.uint8Array({ minLength: 1, maxLength: 30 })), (bytes) => {
        for (const [i, read] of readers.entries()) {
          try {
            read(bytes);
          } catch (error) {
            refused[i] = (refused[i] ?? 0) + 1;
            expect(isRaftError(error, "corrupt")).toBe(true);
          }
        }
      }),
      { numRuns: 2_000 },
    );
    for (const count of refused) expect(count).toBeGreaterThan(100);
  });

  it("carry watched changes there and back", () => {
    const item: fc.Arbitrary<kv.WatchItem> = fc.oneof(
      fc.record({ type: fc.constant("put" as const), revision, key, value }),
      fc.record({ type: fc.constant("delete" as const), revision, key }),
      fc.record({ type: fc.constant("lagged" as const), revision }),
    );
    fc.assert(
      fc.property(item, (item) => {
        const back = kv.decodeWatchItem(kv.encodeWatchItem(item));
        const comparable = (one: kv.WatchItem) => (one.type === "put" ? { ...one, value: [...one.value] } : one);
        expect(comparable(back)).toEqual(comparable(item));
      }),
    );
  });
});
