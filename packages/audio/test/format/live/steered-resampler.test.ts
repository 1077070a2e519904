import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SteeredResampler } from "../../../src/format/live/steered-resampler.ts";
import { joined, sine } from "../kit.ts";

const RATE = 16_000;

/** `samples` read at `step`, pushed and pulled in blocks of `size`. */
function read(samples: Float32Array, step: number, size: number): Float32Array {
  const resampler = new SteeredResampler();
  const out: Float32Array[] = [];
  for (let at = 0; at < samples.length; at += size) {
    resampler.push(samples.subarray(at, at + size));
    const block = new Float32Array(resampler.available(step));
    resampler.pull(block, step);
    out.push(block);
  }
  return joined(out);
}

describe("reading at a step", () => {
  test.each([
    [300, 1.0003],
    [3000, 0.9997],
    [5000, 1.002],
    [1000, 1],
  ])("a tone of %i Hz read at %f is the tone at that pitch, 75 dB above anything else", (toneHz, step) => {
    const out = read(sine(toneHz, RATE, RATE), step, 160);
    let error = 0;
    let power = 0;
    for (let n = 100; n < out.length - 100; n++) {
      // The filter looks 16 samples ahead.
      const wanted = 0.5 * Math.sin((2 * Math.PI * toneHz * (n * step - 16)) / RATE);
      error += ((out[n] ?? 0) - wanted) ** 2;
      power += wanted ** 2;
    }
    expect(10 * Math.log10(error / power)).toBeLessThan(-75);
  });

  test("does not depend on the blocks it comes in, and reads all there is", () => {
    const noise = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i * i));
    const whole = read(noise, 1.0007, noise.length);
    expect(Math.abs(whole.length - noise.length / 1.0007)).toBeLessThan(32);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 500 }), (size) => {
        const parts = read(noise, 1.0007, size);
        expect(parts.length).toBe(whole.length);
        expect(parts.every((sample, i) => Math.abs(sample - (whole[i] ?? 9)) < 1e-5)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
