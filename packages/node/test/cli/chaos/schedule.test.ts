import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BOUNDS, scheduleOf, victimOf, type ScheduleOptions } from "../../../src/cli/chaos/schedule.ts";
import { FAULTS, LEAST_HOLD_MS, MAX_HOLD_MS } from "../../../src/services/chaos/faults.ts";

const wished: fc.Arbitrary<ScheduleOptions> = fc.record({
  seed: fc.nat(BOUNDS.seed),
  turns: fc.integer({ min: 1, max: BOUNDS.turns }),
  kinds: fc.subarray(["say", "ask"] as const, { minLength: 1 }),
  faults: fc.subarray([...FAULTS]),
  holdMs: fc.option(fc.integer({ min: LEAST_HOLD_MS, max: MAX_HOLD_MS }), { nil: undefined }),
});

describe("a schedule", () => {
  it("keeps to what was wished for and to the bounds, and is the same for the same seed", () => {
    fc.assert(
      fc.property(wished, (options) => {
        const { turns, seed } = scheduleOf(options);
        expect(scheduleOf(options)).toEqual({ seed, turns });
        expect(turns.map(({ number }) => number)).toEqual(Array.from({ length: options.turns }, (_, n) => n + 1));
        for (const { kind, fault } of turns) {
          expect(options.kinds).toContain(kind);
          if (fault === undefined) continue;
          expect(options.faults).toContain(fault.kind);
          expect(fault.holdMs).toBe(options.holdMs ?? fault.holdMs);
          expect(fault.holdMs >= LEAST_HOLD_MS && fault.holdMs <= MAX_HOLD_MS).toBe(true);
          expect(fault.share >= 0 && fault.share < 1).toBe(true);
        }
      }),
    );
  });

  it("leaves every fourth turn alone, and deals the faults evenly to the others", () => {
    fc.assert(
      fc.property(wished, (options) => {
        const { turns } = scheduleOf(options);
        const hurt = turns.filter(({ fault }) => fault !== undefined);
        const due = options.faults.length === 0 ? 0 : options.turns - Math.floor(options.turns / 4);
        expect(hurt).toHaveLength(due);
        expect(turns.filter(({ number, fault }) => number % 4 === 0 && fault !== undefined)).toEqual([]);
        const counts = options.faults.map((kind) => hurt.filter(({ fault }) => fault?.kind === kind).length);
        expect(Math.max(0, ...counts) - Math.min(...counts, Infinity)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it("differs with the seed", () => {
    const of = (seed: number) =>
      scheduleOf({ seed, turns: 12, kinds: ["say"], faults: FAULTS, holdMs: undefined }).turns;
    expect(of(1)).not.toEqual(of(2));
  });
});

describe("whom a fault meets", () => {
  const [prime, host, third] = [
    { peerId: "prime", isPrime: true },
    { peerId: "host", isPrime: false },
    { peerId: "third", isPrime: false },
  ];

  it("is who is meant", () => {
    const all = [prime, host, third];
    expect(victimOf({ target: "host", share: 0 }, all, "host")).toBe(host);
    expect(victimOf({ target: "prime", share: 0.9 }, all, "host")).toBe(prime);
    expect(victimOf({ target: "other", share: 0.5 }, all, "host")).toBe(third);
  });

  it("is nobody but those who may be hurt", () => {
    const anyone = fc.record({
      target: fc.constantFrom("host", "prime", "other"),
      share: fc.double({ min: 0, max: 0.99, noNaN: true }),
    });
    fc.assert(
      fc.property(anyone, fc.subarray([prime, host, third]), (fault, able) => {
        const victim = victimOf(fault, able, "host");
        if (able.length === 0) expect(victim).toBeUndefined();
        else expect(able).toContain(victim);
      }),
    );
  });
});
