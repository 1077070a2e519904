import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pauseMs } from "../../src/supervision/back-off.ts";
import { RestartIntensity } from "../../src/supervision/intensity.ts";
import { DEFAULT_SUPERVISION, supervisionOf } from "../../src/supervision/spec.ts";
import { concerned, isRestarted } from "../../src/supervision/strategy.ts";

describe("back-off", () => {
  const backOff = { minMs: 100, maxMs: 1000, factor: 2, jitter: 0 };

  test("doubles from the least to the most", () => {
    expect([1, 2, 3, 4, 5, 60].map((attempt) => pauseMs(backOff, attempt, 0.5))).toEqual([
      100, 200, 400, 800, 1000, 1000,
    ]);
  });

  test("varies by no more than its jitter, in both directions", () => {
    const jittered = { ...backOff, jitter: 0.2 };
    expect(pauseMs(jittered, 1, 0)).toBeCloseTo(80);
    expect(pauseMs(jittered, 1, 0.999_999)).toBeCloseTo(120);
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, random) => {
          const plain = pauseMs(backOff, attempt, 0.5);
          expect(Math.abs(pauseMs(jittered, attempt, random) - plain)).toBeLessThanOrEqual(plain * 0.2 + 1e-9);
        },
      ),
    );
  });
});

describe("restart intensity", () => {
  test("never allows more restarts in any window than its bound, and refuses none that fits", () => {
    const gaps = fc.array(fc.nat(40), { maxLength: 60, size: "max" });
    fc.assert(
      fc.property(fc.nat(5), fc.integer({ min: 1, max: 100 }), gaps, (maxRestarts, withinMs, gaps) => {
        const intensity = new RestartIntensity({ maxRestarts, withinMs });
        const allowed: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          const at = nowMs;
          const isRoom = allowed.filter((each) => at - each < withinMs).length < maxRestarts;
          expect(intensity.allows(nowMs)).toBe(isRoom);
          if (isRoom) allowed.push(nowMs);
        }
      }),
    );
  });

  test("without a bound it allows everything", () => {
    const intensity = new RestartIntensity({ maxRestarts: Infinity, withinMs: 1 });
    expect(Array.from({ length: 100 }, () => intensity.allows(0))).not.toContain(false);
  });
});

describe("strategy", () => {
  test.each([
    ["permanent", true, true],
    ["permanent", false, true],
    ["transient", true, true],
    ["transient", false, false],
    ["temporary", true, false],
    ["temporary", false, false],
  ] as const)("a %s child that crashed: %s, is restarted: %s", (policy, crashed, restarted) => {
    expect(isRestarted(policy, crashed)).toBe(restarted);
  });

  test.each([
    ["one-for-one", ["b"]],
    ["one-for-all", ["a", "b", "c"]],
    ["rest-for-one", ["b", "c"]],
  ] as const)("%s concerns %j when b of a, b, c ends", (strategy, names) => {
    expect(concerned(strategy, ["a", "b", "c"], "b")).toEqual(names);
  });
});

describe("a supervision spec", () => {
  test("is the default where nothing is said", () => {
    expect(supervisionOf(undefined)).toBe(DEFAULT_SUPERVISION);
    expect(supervisionOf({ maxRestarts: 1 })).toEqual({ ...DEFAULT_SUPERVISION, maxRestarts: 1 });
  });

  test.each([
    [{ maxRestarts: -1 }],
    [{ maxRestarts: NaN }],
    [{ withinMs: 0 }],
    [{ backOff: { minMs: 2, maxMs: 1, factor: 2, jitter: 0 } }],
    [{ backOff: { minMs: 1, maxMs: 1, factor: 0.5, jitter: 0 } }],
    [{ backOff: { minMs: 1, maxMs: 1, factor: 1, jitter: 2 } }],
  ])("%j makes no sense", (spec) => {
    expect(() => supervisionOf(spec)).toThrow(expect.objectContaining({ code: "bad-option" }));
  });
});
