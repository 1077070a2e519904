import { describe, expect, it } from "vitest";
import { RoundTrip } from "../../../src/testing/tcp/round-trip.ts";

describe("a smoothed round trip", () => {
  it("begins with the first answer and moves an eighth of the way to each new one", () => {
    const trip = new RoundTrip();
    expect(trip.smoothedMs).toBeUndefined();
    expect(trip.next(100)).toBe(1);
    trip.answered(1, 108);
    expect(trip.smoothedMs).toBe(8);
    expect(trip.next(200)).toBe(2);
    trip.answered(2, 216);
    expect(trip.smoothedMs).toBe(9);
    trip.reset();
    expect(trip.smoothedMs).toBeUndefined();
  });

  it("has one ping on its way, gives it up after two seconds, and counts no late or unasked answer", () => {
    const trip = new RoundTrip();
    expect(trip.next(0)).toBe(1);
    expect(trip.next(1999)).toBeUndefined();
    expect(trip.next(2000)).toBe(2);
    trip.answered(1, 2001);
    trip.answered(3, 2001);
    expect(trip.smoothedMs).toBeUndefined();
    trip.answered(2, 2004);
    trip.answered(2, 2100);
    expect(trip.smoothedMs).toBe(4);
  });
});
