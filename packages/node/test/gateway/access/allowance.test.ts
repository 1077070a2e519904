import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Allowance } from "../../../src/gateway/access/allowance.ts";

describe("an allowance", () => {
  it("lets a burst through, then the rate", () => {
    const allowance = new Allowance({ amount: 100, perMs: 60_000 }, 0);
    for (let sent = 0; sent < 100; sent += 1) expect(allowance.take(1, 0)).toBe(true);
    expect(allowance.take(1, 0)).toBe(false);
    expect(allowance.waitMs(1, 0)).toBe(600);
    expect(allowance.take(1, 599)).toBe(false);
    expect(allowance.take(1, 600)).toBe(true);
    expect(allowance.waitMs(101, 0)).toBe(Number.POSITIVE_INFINITY);
  });

  it("never gives more than its burst and its rate together, whatever the clock does", () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: -500, max: 2_000 }), fc.integer({ min: 0, max: 30 })), {
      maxLength: 200,
    });
    fc.assert(
      fc.property(steps, (list) => {
        const allowance = new Allowance({ amount: 20, perMs: 1_000 }, 0);
        let [nowMs, latestMs, taken] = [0, 0, 0];
        for (const [later, amount] of list) {
          nowMs += later;
          latestMs = Math.max(latestMs, nowMs);
          if (allowance.take(amount, nowMs)) taken += amount;
          else expect(allowance.waitMs(amount, nowMs)).toBeGreaterThan(0);
          expect(taken).toBeLessThanOrEqual(20 + (latestMs * 20) / 1_000 + 1e-6);
        }
      }),
    );
  });
});
