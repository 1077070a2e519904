/** Which of two visits is the later one. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { arrivalOf, isBefore, type Arrival } from "../../../src/services/session/arrival.ts";

const coming = fc.record({ chain: fc.constantFrom("a", "b"), nth: fc.nat(3), asked: fc.nat(2) });
const arrival: fc.Arbitrary<Arrival> = fc.record({ comes: fc.option(coming, { nil: undefined }), cameAtMs: fc.nat(5) });

describe("the order of visits", () => {
  it("is that of one client's connections, and of what each has asked, whatever clocks say", () => {
    const first = { comes: { chain: "a", nth: 1, asked: 2 }, cameAtMs: 9_000 };
    const second = { comes: { chain: "a", nth: 2, asked: 0 }, cameAtMs: 1_000 };
    const again = { comes: { chain: "a", nth: 2, asked: 1 }, cameAtMs: 500 };
    expect([isBefore(first, second), isBefore(second, first)]).toEqual([true, false]);
    expect([isBefore(second, again), isBefore(again, second)]).toEqual([true, false]);
  });

  it("is by when they came between different clients, and those that do not say which they are", () => {
    const one = arrivalOf({ comes: { chain: "a", nth: 7, asked: 0 }, waitedMs: 5_000 }, 10_000);
    const other = arrivalOf({ comes: { chain: "b", nth: 1, asked: 0 } }, 9_000);
    expect(one.cameAtMs).toBe(5_000);
    expect([isBefore(one, other), isBefore(other, one)]).toEqual([true, false]);
    expect(isBefore(arrivalOf({}, 1), arrivalOf({}, 2))).toBe(true);
  });

  it("never has each of two before the other", () => {
    fc.assert(
      fc.property(arrival, arrival, (one, other) => {
        expect(isBefore(one, other) && isBefore(other, one)).toBe(false);
        expect(isBefore(one, one)).toBe(false);
      }),
    );
  });
});
