import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { backOffMs, DEFAULT_LIMITS, retryAfterMs } from "../../../src/models/fetch/limits.ts";

describe("back-off", () => {
  test("doubles from its first pause to its longest, and jitters down to nothing", () => {
    const longest = [1, 2, 3, 4, 5, 6, 60].map((failures) => backOffMs(DEFAULT_LIMITS, failures, () => 1));
    expect(longest).toEqual([500, 1_000, 2_000, 4_000, 8_000, 8_000, 8_000]);
    expect(backOffMs(DEFAULT_LIMITS, 3, () => 0)).toBe(0);
  });
});

describe("Retry-After", () => {
  test.each([
    [null, undefined],
    ["", undefined],
    ["soon", undefined],
    ["0", 0],
    ["120", 120_000],
    ["Wed, 21 Oct 2015 07:28:10 GMT", 10_000],
    ["Wed, 21 Oct 2015 07:27:00 GMT", 0],
  ])("%j means %j ms", (header, expected) => {
    expect(retryAfterMs(header, Date.parse("2015-10-21T07:28:00Z"))).toBe(expected);
  });

  test("is never negative, whatever is sent", () => {
    fc.assert(
      fc.property(fc.string(), (header) => {
        expect(retryAfterMs(header, Date.now()) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
