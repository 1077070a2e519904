import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MachineMeter } from "../../../src/services/load/machine-meter.ts";
import { TurnMeter } from "../../../src/services/load/turn-meter.ts";

describe("the meter of turns", () => {
  it("tells the middle and the slow of the last minutes, and counts answers without sound as turns", () => {
    const meter = new TurnMeter();
    expect(meter.figures(0)).toMatchObject({ turns: 0, turnsEver: 0, firstAudioMs: null });
    for (let at = 1; at <= 20; at += 1) meter.record(at, at * 10);
    meter.record(21, undefined);
    meter.record(22, Number.NaN);
    expect(meter.figures(1_000)).toMatchObject({
      turns: 22,
      turnsEver: 22,
      firstAudioMs: { count: 20, p50: 100, p95: 190 },
    });
    expect(meter.figures(300_010)).toMatchObject({ turns: 13, firstAudioMs: { count: 11 } });
    expect(meter.figures(1_000_000)).toMatchObject({ turns: 0, turnsEver: 22, firstAudioMs: null });
  });

  it("holds a bounded number of them, and its figures are among what it was told", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5_000 }), { minLength: 1, maxLength: 3_000 }), (waits) => {
        const meter = new TurnMeter();
        for (const [at, wait] of waits.entries()) meter.record(at, wait);
        const { turns, turnsEver, firstAudioMs } = meter.figures(waits.length);
        expect([turns, turnsEver]).toEqual([Math.min(1_024, waits.length), waits.length]);
        const kept = waits.slice(-1_024).toSorted((a, b) => a - b);
        expect(kept).toContain(firstAudioMs?.p50);
        expect(firstAudioMs?.p95).toBeGreaterThanOrEqual(firstAudioMs?.p50 ?? Infinity);
        expect(kept.filter((wait) => wait <= (firstAudioMs?.p95 ?? 0)).length).toBeGreaterThanOrEqual(
          Math.ceil(0.95 * kept.length),
        );
      }),
      { numRuns: 30 },
    );
  });
});

describe("the meter of a machine", () => {
  it("takes what passed since the last look, and waits a moment where there was none of late", async () => {
    let [busyMs, totalMs, nowMs] = [1_000_000, 5_000_000, 0];
    const pauses: number[] = [];
    const pass = (ms: number, share: number): void => {
      nowMs += ms;
      totalMs += 2 * ms;
      busyMs += 2 * ms * share;
    };
    const meter = new MachineMeter({
      times: () => ({ busyMs, totalMs }),
      nowMs: () => nowMs,
      pause: async (ms) => {
        pauses.push(ms);
        pass(ms, 0.5);
      },
    });
    expect(await meter.read()).toMatchObject({ cpu: 0.5, rssBytes: expect.any(Number) as number });
    pass(2_000, 0.25);
    expect((await meter.read()).cpu).toBeCloseTo(0.25);
    pass(100, 1);
    expect((await meter.read()).cpu).toBeCloseTo(0.25);
    expect(pauses).toHaveLength(1);
    pass(3_600_000, 0);
    expect((await meter.read()).cpu).toBeCloseTo(0.5);
    expect(pauses).toHaveLength(2);
  });

  it("reads this machine's own", async () => {
    const { cpu, cores, memoryUsedBytes, memoryTotalBytes } = await new MachineMeter().read();
    expect(cpu).toBeGreaterThanOrEqual(0);
    expect(cpu).toBeLessThanOrEqual(1);
    expect(cores).toBeGreaterThan(0);
    expect(memoryUsedBytes).toBeLessThan(memoryTotalBytes);
  });
});
