import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLinearizability } from "../../../src/testing/linearizability/check.ts";
import type { Operation } from "../../../src/testing/linearizability/operation.ts";
import { prefixOf, registerHistory, stepsOf } from "../../../src/testing/linearizability/register-history.ts";
import { search } from "../../../src/testing/linearizability/search.ts";
import { isLinearizable } from "./brute-force.ts";
import { busyHistory, draws, goodHistory, mutate } from "./histories.ts";

const verdictOf = (history: readonly Operation[]): string => checkLinearizability(history).verdict;

describe("histories of a real register", () => {
  it("are linearizable, with few values and many operations at a time", () => {
    fc.assert(
      fc.property(draws({ keys: 3, values: 4, stretch: 60, maxLength: 200 }), (list) => {
        expect(verdictOf(goodHistory(list))).toBe("linearizable");
      }),
      { numRuns: 300 },
    );
  });

  it("are linearizable, with many values", () => {
    fc.assert(
      fc.property(draws({ keys: 2, values: 1000, stretch: 100, maxLength: 200 }), (list) => {
        expect(verdictOf(goodHistory(list))).toBe("linearizable");
      }),
      { numRuns: 200 },
    );
  });
});

describe("against every order tried", () => {
  const mutations = fc.array(fc.tuple(fc.nat(20), fc.nat(4), fc.nat(3)), { maxLength: 3 });

  it.each([
    { values: 2, stretch: 15 },
    { values: 2, stretch: 50 },
    { values: 3, stretch: 40 },
    { values: 6, stretch: 60 },
  ])("small histories get the right verdict ($values values, stretch $stretch)", (shape) => {
    const seen = { good: 0, bad: 0 };
    fc.assert(
      fc.property(draws({ ...shape, minLength: 2, maxLength: 8 }), mutations, (list, changes) => {
        const history = changes.reduce((now, [at, kind, value]) => mutate(now, at, kind, value), goodHistory(list));
        const isGood = isLinearizable(history);
        seen[isGood ? "good" : "bad"] += 1;
        expect(verdictOf(history)).toBe(isGood ? "linearizable" : "violation");
      }),
      { numRuns: 4_000 },
    );
    expect(Math.min(seen.good, seen.bad)).toBeGreaterThan(500);
  });

  it("what is shown of a bad history is bad by itself, and bad from the stated return on", () => {
    let shown = 0;
    fc.assert(
      fc.property(draws({ values: 3, minLength: 2, maxLength: 8 }), mutations, (list, changes) => {
        const history = changes.reduce((now, [at, kind, value]) => mutate(now, at, kind, value), goodHistory(list));
        const [violation] = checkLinearizability(history).violations;
        if (violation === undefined) return;
        shown += 1;
        const { until, operations } = violation;
        const asKnown = history
          .filter(({ call }) => call <= until)
          .map((one) => ((one.return ?? Infinity) > until && !one.fail ? { ...one, unknown: true } : one));
        expect(isLinearizable(asKnown)).toBe(false);
        const before = prefixOf(stepsOf(history), until - 0.5);
        expect(search(registerHistory(before), 1e6).found).toBe("yes");
        expect(operations.length).toBeGreaterThan(0);
        for (const operation of operations) expect(history).toContain(operation);
      }),
      { numRuns: 2_000 },
    );
    expect(shown).toBeGreaterThan(200);
  });
});

describe("a long history of many clients", () => {
  const load = { clients: 256, keys: 30, operations: 100_000, unknownEvery: 50 };
  const history = busyHistory(load);

  it("is decided, with little work for each operation", () => {
    const { verdict, work } = checkLinearizability(history);
    expect(verdict).toBe("linearizable");
    expect(work).toBeLessThan(1_000 * history.length);
  });

  it("is decided when some twenty of them at a time use one key", () => {
    expect(verdictOf(busyHistory({ ...load, clients: 20, keys: 1, operations: 10_000 }))).toBe("linearizable");
  });

  it("is decided when all of them put and get one key", () => {
    const list = busyHistory({ ...load, keys: 1, operations: 20_000 })
      .filter(({ op, output }) => op !== "cas" || output !== false)
      .map((one) => (one.op === "cas" ? { ...one, op: "put" as const, expected: null, output: null } : one));
    expect(list.length).toBeGreaterThan(15_000);
    expect(verdictOf(list)).toBe("linearizable");
  });

  it("is found to be bad by one stale read late in it, and a few operations show that", () => {
    const reads = history.filter(({ op, output }) => op === "get" && output !== null);
    const late = reads[Math.floor(reads.length * 0.7)];
    const old = reads.find(({ key }) => key === late?.key);
    const bad = history.map((operation) => (operation === late ? { ...late, output: old?.output ?? null } : operation));
    const { verdict, violations } = checkLinearizability(bad);
    expect(verdict).toBe("violation");
    expect(violations.map(({ key }) => key)).toEqual([late?.key]);
    expect(violations[0]?.operations.length).toBeLessThan(6);
  });

  it("is left undecided rather than worked on for ever", () => {
    const { verdict, undecidedKeys, work } = checkLinearizability(history, { maxWorkPerKey: 10_000 });
    expect([verdict, undecidedKeys.length]).toEqual(["undecided", 30]);
    expect(work).toBeLessThan(30 * 20_000);
  });
});
