import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createResampler, resample, resamplePcm, toSpeech } from "../../src/format/index.ts";
import type { Pcm } from "../../src/format/index.ts";
import { amplitudeAt, blocks, joined, sine } from "./kit.ts";

function converted(samples: Float32Array, fromHz: number, toHz: number): Float32Array {
  return resamplePcm({ sampleRateHz: fromHz, samples }, toHz).samples;
}

/** Signal to noise in dB of `got` against the ideal tone, edges left out. */
function signalToNoiseDb(got: Float32Array, frequencyHz: number, rateHz: number): number {
  const ideal = sine(frequencyHz, rateHz, got.length);
  let signal = 0;
  let noise = 0;
  for (let i = 400; i < got.length - 400; i++) {
    signal += (ideal[i] ?? 0) ** 2;
    noise += ((got[i] ?? 0) - (ideal[i] ?? 0)) ** 2;
  }
  return 10 * Math.log10(signal / noise);
}

async function* mixed(): AsyncGenerator<Pcm> {
  yield { sampleRateHz: 8000, samples: new Float32Array(10) };
  yield { sampleRateHz: 9000, samples: new Float32Array(10) };
}

const RATES = [
  [48_000, 16_000],
  [44_100, 16_000],
  [24_000, 16_000],
  [22_050, 16_000],
  [11_025, 16_000],
  [8000, 16_000],
  [16_000, 48_000],
  [16_000, 44_100],
  [44_099, 16_000],
  [96_000, 16_000],
] as const;

describe("quality", () => {
  test.each(RATES)("a tone from %i to %i Hz keeps 80 dB above the noise, in place", (fromHz, toHz) => {
    for (const frequencyHz of [100, 1000, 0.42 * Math.min(fromHz, toHz)]) {
      const out = converted(sine(frequencyHz, fromHz, fromHz), fromHz, toHz);
      expect(signalToNoiseDb(out, frequencyHz, toHz)).toBeGreaterThan(80);
    }
  });

  test.each([
    [48_000, 10_000],
    [44_100, 8100],
    [48_000, 20_000],
  ])("from %i to 16000 Hz, %i Hz is gone instead of folded back", (fromHz, frequencyHz) => {
    const out = converted(sine(frequencyHz, fromHz, fromHz), fromHz, 16_000).subarray(500, 15_500);
    expect(Math.max(...out.map(Math.abs))).toBeLessThan(0.5 * 10 ** (-75 / 20));
  });

  test("a constant stays the constant it was", () => {
    for (const [fromHz, toHz] of RATES) {
      const out = converted(new Float32Array(fromHz / 2).fill(0.25), fromHz, toHz);
      const middle = out.subarray(600, out.length - 600);
      expect(middle.every((x) => Math.abs(x - 0.25) < 1e-5)).toBe(true);
    }
  });

  test("an impulse comes out where it went in", () => {
    const impulse = new Float32Array(48_000);
    impulse[24_000] = 1;
    const out = converted(impulse, 48_000, 16_000);
    expect(out.indexOf(Math.max(...out))).toBe(8000);
  });
});

describe("length", () => {
  const rate = fc.constantFrom(8000, 11_025, 16_000, 22_050, 24_000, 44_099, 44_100, 48_000);

  test("is exactly the duration, and no block size changes a sample", () => {
    const sizes = fc.array(fc.integer({ min: 0, max: 700 }), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(rate, rate, fc.integer({ min: 0, max: 3000 }), sizes, (fromHz, toHz, length, cuts) => {
        const input = sine(331, fromHz, length);
        const resampler = createResampler(fromHz, toHz);
        const parts: Float32Array[] = [];
        let at = 0;
        for (let i = 0; at < length && i < 10_000; i++) {
          const size = (cuts[i % cuts.length] ?? 0) + (i % cuts.length === 0 ? 1 : 0);
          parts.push(resampler.push(input.subarray(at, at + size)));
          at += size;
        }
        parts.push(resampler.end());
        const out = joined(parts);
        expect(out.length).toBe(Math.ceil((length * toHz) / fromHz));
        expect(out).toEqual(converted(input, fromHz, toHz));
      }),
      { numRuns: 60 },
    );
  });

  test("six minutes in small blocks holds no more than a block", () => {
    const resampler = createResampler(48_000, 16_000);
    const block = sine(440, 48_000, 4800);
    let samples = 0;
    for (let i = 0; i < 3600; i++) {
      const out = resampler.push(block);
      expect(out.length).toBeLessThan(1700);
      samples += out.length;
    }
    expect(samples + resampler.end().length).toBe(360 * 16_000);
  });
});

describe("streams", () => {
  test("toSpeech gives 16 kHz", async () => {
    const parts: Float32Array[] = [];
    for await (const block of toSpeech(blocks(sine(440, 44_100, 44_100), 1000, 44_100))) parts.push(block);
    const out = joined(parts);
    expect(out.length).toBe(16_000);
    expect(amplitudeAt(out, 440, 16_000)).toBeCloseTo(0.5, 3);
  });

  test("the same rate passes unchanged, an empty stream stays empty", async () => {
    const input = sine(440, 16_000, 100);
    expect(converted(input, 16_000, 16_000)).toEqual(input);
    const parts: Float32Array[] = [];
    for await (const block of toSpeech(blocks(new Float32Array(0), 10, 8000))) parts.push(block);
    expect(parts).toEqual([]);
  });

  test("a change of rate on the way is refused", async () => {
    const read = async (): Promise<void> => {
      for await (const block of resample(mixed(), 16_000)) expect(block.length).toBeGreaterThan(0);
    };
    await expect(read()).rejects.toMatchObject({ code: "input-refused" });
  });

  test("rates that are none are refused", () => {
    for (const rateHz of [0, -1, 1.5, Number.NaN, 1e9])
      expect(() => createResampler(rateHz, 16_000)).toThrow(RangeError);
  });
});
