import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { durationMs, level, SILENCE_DBFS, toFrames } from "../../src/format/index.ts";
import { joined, sine } from "./kit.ts";

async function* cut(samples: Float32Array, sizes: readonly number[]): AsyncGenerator<Float32Array> {
  for (let at = 0, i = 0; at < samples.length; i++) {
    const size = sizes[i % sizes.length] ?? 1;
    yield samples.subarray(at, at + size);
    at += size;
  }
}

async function frames(...args: Parameters<typeof toFrames>): Promise<Float32Array[]> {
  const all: Float32Array[] = [];
  for await (const frame of toFrames(...args)) all.push(frame);
  return all;
}

describe("frames", () => {
  test("are all of one size and lose nothing but what `last` says", async () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 90 }), { minLength: 1 });
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 64 }),
        sizes,
        async (length, size, cuts) => {
          const samples = Float32Array.from({ length }, (_, i) => i + 1);
          const dropped = await frames(cut(samples, cuts), size, "drop");
          expect(dropped.every((frame) => frame.length === size)).toBe(true);
          expect(joined(dropped)).toEqual(samples.subarray(0, length - (length % size)));
          expect(joined(await frames(cut(samples, cuts), size, "short"))).toEqual(samples);
          const padded = joined(await frames(cut(samples, cuts), size, "pad"));
          expect(padded.length).toBe(Math.ceil(length / size) * size);
          expect(padded.subarray(0, length)).toEqual(samples);
          expect(padded.subarray(length).every((x) => x === 0)).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });

  test("have memory of their own", async () => {
    const block = new Float32Array(4).fill(1);
    const [first] = await frames(cut(block, [4]), 4, "drop");
    block.fill(9);
    expect([...(first ?? [])]).toEqual([1, 1, 1, 1]);
  });

  test("have at least one sample", async () => {
    await expect(frames(cut(new Float32Array(1), [1]), 0, "drop")).rejects.toThrow(RangeError);
  });
});

describe("level", () => {
  test("a full-scale sine is -3.01 dBFS with a peak of 0", () => {
    const { rmsDbfs, peakDbfs } = level(sine(1000, 16_000, 16_000, 1));
    expect(rmsDbfs).toBeCloseTo(-3.01, 2);
    expect(peakDbfs).toBeCloseTo(0, 5);
  });

  test("half the amplitude is 6.02 dB less", () => {
    expect(level(new Float32Array(100).fill(-0.5))).toEqual({
      rmsDbfs: expect.closeTo(-6.02, 2),
      peakDbfs: expect.closeTo(-6.02, 2),
    });
  });

  test("silence and nothing are the floor, a finite number", () => {
    for (const block of [new Float32Array(10), new Float32Array(0), new Float32Array(10).fill(1e-30)]) {
      expect(level(block)).toEqual({ rmsDbfs: SILENCE_DBFS, peakDbfs: SILENCE_DBFS });
    }
  });
});

test("durations are in milliseconds", () => {
  expect(durationMs({ sampleRateHz: 16_000, samples: new Float32Array(4000) })).toBe(250);
});
