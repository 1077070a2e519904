import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { periodicity, PERIODICITY_LEAD } from "../../src/format/periodicity.ts";
import { cough, keyboard, pinkNoise, whiteNoise } from "../../src/testing/sounds/index.ts";

const FRAME = 512;
const LENGTH = PERIODICITY_LEAD + FRAME;

/** Pulses of a throat with `hz`, as bare as can be: a saw. */
function saw(hz: number, samples = LENGTH): Float32Array {
  return Float32Array.from({ length: samples }, (_, n) => 0.2 * (1 - 2 * (((n * hz) / 16_000) % 1)));
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe("how periodic a sound is", () => {
  test("is near 1 for the pitches of voices, whatever their loudness", () => {
    fc.assert(
      fc.property(fc.integer({ min: 75, max: 480 }), fc.constantFrom(1e-4, 0.01, 1), (hz, gain) => {
        expect(
          periodicity(
            saw(hz).map((sample) => gain * sample),
            FRAME,
          ),
        ).toBeGreaterThan(0.85);
      }),
    );
  });

  test("is low for noise, and for the bursts of coughs and keys", () => {
    const noises = [1, 2, 3, 4, 5].flatMap((seed) => [whiteNoise(LENGTH, seed), pinkNoise(LENGTH, seed)]);
    expect(median(noises.map((noise) => periodicity(noise, FRAME)))).toBeLessThan(0.5);
    const bursts = [1, 2, 3, 4, 5].flatMap((seed) =>
      [cough(seed), keyboard(200, seed)].map((one) => one.subarray(0, LENGTH)),
    );
    expect(median(bursts.map((burst) => periodicity(burst, FRAME)))).toBeLessThan(0.55);
  });

  test("survives noise 10 dB below the voice", () => {
    const [voice, noise] = [saw(140), pinkNoise(LENGTH, 9)];
    const mixed = voice.map((sample, n) => sample + ((noise[n] ?? 0) / 0.1) * (0.115 / 10 ** 0.5));
    expect(periodicity(mixed, FRAME)).toBeGreaterThan(0.75);
  });

  test("is a number from 0 to 1 for any sound, also a short one, and silence", () => {
    const sounds = fc.float32Array({ noNaN: true, min: -1, max: 1, maxLength: 900 });
    fc.assert(
      fc.property(sounds, fc.constantFrom(100, 160, 512, 2048), (sound, count) => {
        const value = periodicity(sound, count);
        expect(value >= 0 && value <= 1).toBe(true);
      }),
    );
    expect(periodicity(new Float32Array(LENGTH), FRAME)).toBe(0);
  });
});
