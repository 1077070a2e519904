import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMeter } from "../../../src/format/index.ts";
import type { LevelEvent } from "../../../src/format/index.ts";
import { joined, sine } from "../kit.ts";

const RATE = 16_000;

function run(samples: Float32Array, sizes: readonly number[] = [samples.length]): LevelEvent[] {
  const meter = createMeter({ sampleRateHz: RATE });
  const events: LevelEvent[] = [];
  for (let at = 0, i = 0; at < samples.length; i++) {
    const size = Math.max(1, sizes[i % sizes.length] ?? 1);
    events.push(...meter.push(samples.subarray(at, at + size)));
    at += size;
  }
  return events;
}

describe("a level meter", () => {
  const tone = sine(1000, RATE, 2 * RATE, 1);

  test("gives twenty events a second, at their times", () => {
    const events = run(tone);
    expect(events.length).toBe(40);
    expect(events.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 40 }, (_, n) => (n + 1) * 50));
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1e30])("goes on behind a sample that is %s", (broken) => {
    const events = run(Float32Array.of(broken, ...sine(1000, RATE, 6 * RATE, 1)));
    expect(events.every(({ rmsDbfs, peakDbfs }) => rmsDbfs <= 0 && peakDbfs <= 0)).toBe(true);
    expect(events.at(-1)?.rmsDbfs).toBeCloseTo(-3.01, 1);
  });

  test("settles on the level of a steady tone: a full-scale sine is -3 dBFS with a peak of 0", () => {
    const last = run(tone).at(-1);
    expect(last?.rmsDbfs).toBeCloseTo(-3.01, 1);
    expect(last?.peakDbfs).toBeCloseTo(0, 1);
  });

  test("reaches 63 % of the power in its integration time, as a needle does", () => {
    const at300 = run(tone).find(({ atMs }) => atMs === 300);
    expect(at300?.rmsDbfs).toBeCloseTo(-3.01 + 10 * Math.log10(1 - Math.exp(-1)), 1);
  });

  test("lets the peak fall by 24 dB a second once the sound is over", () => {
    const events = run(joined([tone, new Float32Array(RATE)]));
    expect(events.find(({ atMs }) => atMs === 3000)?.peakDbfs).toBeCloseTo(-24, 0);
  });

  test("gives the same events whatever the size of the blocks", () => {
    const short = sine(300, RATE, 5000);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 3000 }), { minLength: 1, maxLength: 5 }), (sizes) => {
        expect(run(short, sizes)).toEqual(run(short));
      }),
    );
  });

  test("shows silence as a number a log can hold", () => {
    expect(run(new Float32Array(RATE)).at(-1)).toMatchObject({ rmsDbfs: -120, peakDbfs: -120 });
  });
});
