import { describe, expect, it } from "vitest";
import { checkLinearizability } from "../../../src/testing/linearizability/check.ts";
import { describeCheck } from "../../../src/testing/linearizability/describe.ts";
import type { Operation } from "../../../src/testing/linearizability/operation.ts";

type When = readonly [call: number, end: number | null];

function operation(deed: Partial<Operation> & Pick<Operation, "op">, [call, end]: When): Operation {
  const plain = { client: call, key: "k", value: "", expected: null, output: null, fail: false };
  return { ...plain, ...deed, call, return: end, unknown: end === null };
}
const put = (value: string, when: When) => operation({ op: "put", value }, when);
const get = (output: string | null, when: When) => operation({ op: "get", output }, when);
const cas = (expected: string | null, value: string, output: boolean, when: When) =>
  operation({ op: "cas", expected, value, output }, when);

/** Each with what must be shown of it, as times of calls. */
const BAD: Readonly<Record<string, { readonly history: readonly Operation[]; readonly shown: readonly number[] }>> = {
  "a stale read": {
    history: [put("a", [0, 5]), get("a", [6, 8]), put("b", [10, 15]), get("b", [16, 18]), get("a", [20, 25])],
    shown: [0, 10, 20],
  },
  "a read of nothing after a write": { history: [put("a", [0, 5]), get(null, [6, 9])], shown: [0, 6] },
  "a lost update": {
    history: [put("a", [0, 5]), cas("a", "b", true, [10, 15]), cas("a", "c", true, [20, 25]), get("c", [30, 35])],
    shown: [0, 10, 20],
  },
  "a cas that took twice": {
    history: [cas(null, "a", true, [0, 9]), cas(null, "b", true, [1, 8]), get("b", [20, 21])],
    shown: [0, 1],
  },
  "a cas that did not take though it had to": {
    history: [put("a", [0, 5]), cas("a", "b", false, [10, 15])],
    shown: [0, 10],
  },
  "a read from the future": { history: [get("a", [0, 5]), put("a", [10, 15])], shown: [0] },
  "two orders seen": {
    history: [put("a", [0, 100]), put("b", [1, 101]), get("a", [110, 115]), get("b", [120, 125])],
    shown: [0, 1, 110, 120],
  },
  "two orders seen at the same time": {
    history: [
      put("a", [0, 100]),
      put("b", [1, 101]),
      get("a", [10, 15]),
      get("b", [20, 25]),
      get("a", [30, 35]),
      get("b", [110, 115]),
    ],
    shown: [0, 1, 10, 20, 30],
  },
  "a value that was never written": { history: [put("a", [0, 5]), get("x", [6, 9]), put("b", [10, 11])], shown: [6] },
  "an unknown write that was seen, overwritten and seen again": {
    history: [put("a", [0, null]), get("a", [10, 15]), put("b", [20, 25]), get("a", [30, 35])],
    shown: [0, 10, 20, 30],
  },
  "a failed write that was seen": {
    history: [{ ...put("a", [0, 5]), fail: true }, get("a", [10, 15])],
    shown: [10],
  },
};

describe("a history with", () => {
  it.each(Object.entries(BAD))("%s is a violation, shown by the operations it takes", (_, { history, shown }) => {
    const elsewhere = [
      { ...put("x", [0, 1]), key: "other" },
      { ...get("x", [2, 3]), key: "other" },
    ];
    const result = checkLinearizability([...elsewhere, ...history]);
    expect(result.verdict).toBe("violation");
    expect(result.violations.map(({ key }) => key)).toEqual(["k"]);
    expect(result.violations[0]?.operations.map(({ call }) => call)).toEqual(shown);
  });

  it.each<[string, readonly Operation[]]>([
    ["an unknown write seen late", [put("a", [0, null]), put("b", [10, 15]), get("b", [20, 25]), get("a", [90, 95])]],
    ["an unknown write never seen", [put("b", [0, 5]), put("a", [10, null]), get("b", [20, 25])]],
    [
      "an unknown write that only a failed cas tells of",
      [put("a", [0, 5]), put("z", [6, null]), cas("a", "b", false, [10, 15])],
    ],
    [
      "a chain of unknown cas",
      [
        { ...cas(null, "a", false, [0, null]), output: null },
        { ...cas("a", "b", false, [0, null]), output: null },
        get("b", [20, 25]),
      ],
    ],
    ["a write that returned when a read was called", [put("a", [0, 5]), put("b", [6, 9]), get("a", [9, 12])]],
    [
      "reads that saw concurrent writes in one order",
      [put("a", [0, 50]), put("b", [1, 51]), get("b", [10, 12]), get("a", [20, 22])],
    ],
  ])("%s is linearizable", (_, history) => {
    expect(checkLinearizability(history).verdict).toBe("linearizable");
  });
});

describe("the verdict in words", () => {
  it("shows who did what when, and what had no answer yet", () => {
    const history = [
      put("a", [1_000_000, 2_000_000]),
      put("b", [3_000_000, 9_000_000]),
      get("x", [4_000_000, 5_000_000]),
    ];
    const text = describeCheck(checkLinearizability(history));
    expect(text.split("\n")).toEqual([
      "violation: 3 operations on 1 keys",
      'key "k": no order explains its first 3 operations (up to 5000000 ns); these contradict each other:',
      '  0.000 … 1.000 ms         client 4000000 get -> "x"',
    ]);
  });
});
