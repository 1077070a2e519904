import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Ordered } from "../../../src/cluster/state/ordered.ts";

const key = fc.oneof(fc.nat(300).map(String), fc.constantFrom("__proto__", "", "constructor", "ä", "\u{1f600}"));

describe("an ordered map", () => {
  it("holds what a plain map would, in the order of the keys, through many pages", () => {
    const change = fc.record({ key, value: fc.option(fc.nat(), { nil: undefined }) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 800, size: "max" }), key, key, (changes, from, to) => {
        let ordered = Ordered.empty<number>();
        const plain = new Map<string, number>();
        for (const { key: each, value } of changes) {
          ordered = value === undefined ? ordered.without(each) : ordered.with(each, value);
          if (value === undefined) plain.delete(each);
          else plain.set(each, value);
        }
        const sorted = [...plain].sort(([one], [other]) => (one < other ? -1 : 1));
        expect([...ordered.range()]).toEqual(sorted);
        expect([...ordered.keys()]).toEqual(sorted.map(([each]) => each));
        expect([...ordered.values()]).toEqual(sorted.map(([, value]) => value));
        expect(ordered.size).toBe(plain.size);
        expect([...ordered.range({ from, to })]).toEqual(sorted.filter(([each]) => each >= from && each < to));
        for (const { key: each } of changes) {
          expect([ordered.get(each), ordered.has(each)]).toEqual([plain.get(each), plain.has(each)]);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("stays as it was when something is changed", () => {
    const before = Ordered.from(Array.from({ length: 200 }, (_, i) => [String(i).padStart(3, "0"), i] as const));
    const held = [...before.range()];
    before.with("100", -1).without("007").with("zz", 1);
    expect([...before.range()]).toEqual(held);
    expect(before.without("no such key")).toBe(before);
  });
});
