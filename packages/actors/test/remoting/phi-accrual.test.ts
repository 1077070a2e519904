import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tailExponent } from "../../src/remoting/normal-tail.ts";
import {
  DEFAULT_PHI_ACCRUAL,
  PhiAccrualDetector,
  phiAccrualOptions,
  type PhiAccrualOptions,
} from "../../src/remoting/phi-accrual.ts";
import { seeded } from "../testing/seeded.ts";
import { hourOfHeartbeats } from "./lossy-heartbeats.ts";

const OPTIONS = DEFAULT_PHI_ACCRUAL;
const history = fc.array(fc.integer({ min: 0, max: 3_000 }), { maxLength: 300 });

/** A detector that has heard heartbeats after these pauses, and when the last was. */
function after(
  pausesMs: readonly number[],
  options: PhiAccrualOptions = OPTIONS,
): { readonly detector: PhiAccrualDetector; readonly nowMs: number } {
  let nowMs = 0;
  const detector = new PhiAccrualDetector(options, nowMs);
  for (const pauseMs of pausesMs) {
    nowMs += pauseMs;
    detector.heartbeat(nowMs);
  }
  return { detector, nowMs };
}

/** The first silence, in whole milliseconds, at which the peer is suspected. */
function suspectedAfterMs({ detector, nowMs }: { detector: PhiAccrualDetector; nowMs: number }): number {
  let silenceMs = 0;
  while (!detector.isSuspect(nowMs + silenceMs)) silenceMs += 1;
  return silenceMs;
}

describe("the tail of the normal distribution", () => {
  it("has the values of the tables", () => {
    // Abramowitz and Stegun, table 26.1, and 26.2 for -log10 of the tail.
    expect(tailExponent(0)).toBeCloseTo(0.301_03, 5);
    expect(tailExponent(1)).toBeCloseTo(0.799_55, 5);
    expect(tailExponent(2)).toBeCloseTo(1.643_02, 4);
    expect(tailExponent(5)).toBeCloseTo(6.542_65, 5);
    expect(tailExponent(10)).toBeCloseTo(23.118_05, 5);
    expect(tailExponent(50)).toBeCloseTo(544.966_34, 5);
    expect(tailExponent(-2)).toBeCloseTo(0.009_994, 5);
  });

  it("only ever grows, and has no steps", () => {
    fc.assert(
      fc.property(fc.double({ min: -12, max: 60, noNaN: true }), (z) => {
        const step = tailExponent(z + 1e-6) - tailExponent(z);
        expect(step).toBeGreaterThanOrEqual(-1e-12);
        expect(step).toBeLessThan(1e-4);
      }),
      { numRuns: 2_000 },
    );
  });
});

describe("the failure detector", () => {
  it("suspects nobody before the least silence, and everybody from the greatest on", () => {
    fc.assert(
      fc.property(history, (pausesMs) => {
        const { detector, nowMs } = after(pausesMs);
        expect(detector.isSuspect(nowMs + OPTIONS.minSilenceMs - 0.01)).toBe(false);
        expect(detector.isSuspect(nowMs + OPTIONS.maxSilenceMs)).toBe(true);
      }),
    );
  });

  it("says when it can first be asked to any purpose, and at the latest when nobody need ask", () => {
    fc.assert(
      fc.property(history, fc.nat(1_500), (pausesMs, silenceMs) => {
        const { detector, nowMs } = after(pausesMs);
        const dueMs = nowMs + silenceMs + detector.dueInMs(nowMs + silenceMs);
        const bounds = [OPTIONS.minSilenceMs, OPTIONS.maxSilenceMs, Math.max(silenceMs, OPTIONS.maxSilenceMs)];
        expect(bounds).toContain(dueMs - nowMs);
        // Between now and then only φ can change the answer, and only past the least silence.
        if (silenceMs < OPTIONS.minSilenceMs) expect(detector.isSuspect(dueMs - 0.01)).toBe(false);
        else expect(detector.isSuspect(dueMs)).toBe(true);
      }),
    );
  });

  it("grows more suspicious with every moment of silence", () => {
    fc.assert(
      fc.property(history, fc.nat(2_000), fc.integer({ min: 1, max: 500 }), (pausesMs, silenceMs, moreMs) => {
        const { detector, nowMs } = after(pausesMs);
        expect(detector.phi(nowMs + silenceMs + moreMs)).toBeGreaterThanOrEqual(detector.phi(nowMs + silenceMs));
      }),
    );
  });

  it("gives up a punctual peer sooner than an irregular one", () => {
    const punctual = suspectedAfterMs(after(Array<number>(300).fill(50)));
    const irregular = suspectedAfterMs(after(Array.from({ length: 300 }, (_, i) => (i % 5 === 0 ? 360 : 10))));
    expect(punctual).toBe(OPTIONS.minSilenceMs);
    expect(irregular).toBeGreaterThan(OPTIONS.minSilenceMs + 20);
    expect(irregular).toBeLessThan(OPTIONS.maxSilenceMs);
  });

  it("forgets how it was before the last samples", () => {
    const pausesMs = [...Array<number>(100).fill(700), ...Array<number>(OPTIONS.windowSamples).fill(50)];
    expect(suspectedAfterMs(after(pausesMs))).toBe(OPTIONS.minSilenceMs);
  });

  it("takes any byte as a sign of life, but no talk for a rhythm", () => {
    const { detector, nowMs } = after(Array<number>(50).fill(100));
    const before = suspectedAfterMs({ detector, nowMs });
    for (let i = 1; i <= 5_000; i += 1) detector.heard(nowMs + i);
    expect(detector.silenceMs(nowMs + 5_000)).toBe(0);
    expect(suspectedAfterMs({ detector, nowMs: nowMs + 5_000 })).toBe(before);
  });

  it("does not count the time in which the observer itself stood still", () => {
    const { detector, nowMs } = after(Array<number>(50).fill(100));
    const wokenMs = nowMs + 100 + 5_000;
    detector.excuse(5_000, wokenMs);
    expect(detector.silenceMs(wokenMs)).toBe(100);
    expect(detector.isSuspect(wokenMs)).toBe(false);
    detector.excuse(60_000, wokenMs);
    expect(detector.silenceMs(wokenMs)).toBe(0);
    detector.heartbeat(wokenMs);
    expect(suspectedAfterMs({ detector, nowMs: wokenMs })).toBe(OPTIONS.minSilenceMs);
  });

  it("does not mind a clock that gives the same time, or sounds that are heard late", () => {
    const { detector, nowMs } = after([100, 0, 0, 100]);
    detector.heard(nowMs - 50);
    expect(detector.silenceMs(nowMs)).toBe(0);
  });

  it("raises no false alarm in ten hours on a link that loses 5 % of all packets, as heartbeats travel in three lanes", () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { alarms, longestSilenceMs } = hourOfHeartbeats(OPTIONS, { loss: 0.05, lanes: 3, random: seeded(seed) });
      expect({ seed, alarms }).toStrictEqual({ seed, alarms: 0 });
      // The link is bad enough to be worth the test.
      expect(longestSilenceMs).toBeGreaterThan(200);
    }
  });

  it("raises none in ten hours either at half the beats, of which each travels in one of two lanes by turns", () => {
    const options = { ...OPTIONS, heartbeatIntervalMs: 100 };
    for (let seed = 1; seed <= 10; seed += 1) {
      const { alarms } = hourOfHeartbeats(options, { loss: 0.05, lanes: 2, isInTurn: true, random: seeded(seed) });
      expect({ seed, alarms }).toStrictEqual({ seed, alarms: 0 });
    }
  });

  it("raises none where one lane has others' talk at each beat, and heartbeats are in the other at each second or fourth", () => {
    const options = { ...OPTIONS, heartbeatIntervalMs: 100 };
    for (const every of [
      [2, 1],
      [4, 1],
    ]) {
      for (let seed = 1; seed <= 10; seed += 1) {
        const { alarms } = hourOfHeartbeats(options, { loss: 0.05, lanes: 2, every, random: seeded(seed) });
        expect({ every, seed, alarms }).toStrictEqual({ every, seed, alarms: 0 });
      }
    }
  });

  it("would raise many if they travelled in one", () => {
    const { alarms } = hourOfHeartbeats(OPTIONS, { loss: 0.05, lanes: 1, random: seeded(1) });
    expect(alarms).toBeGreaterThan(10);
  });

  it.each([
    { heartbeatIntervalMs: 0 },
    { threshold: 0 },
    { windowSamples: 1 },
    { windowSamples: 2.5 },
    { minDeviationMs: 0 },
    { minSilenceMs: 49 },
    { maxSilenceMs: 300 },
    { maxSilenceMs: NaN },
  ])("refuses options that make no sense: %j", (options) => {
    expect(() => phiAccrualOptions(options)).toThrow(expect.objectContaining({ code: "bad-option" }));
  });
});
