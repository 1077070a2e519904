import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SILENCE_DBFS } from "../../src/format/level.ts";
import { voiceBandDbfs, VOICE_BAND_LEAD } from "../../src/format/voice-band.ts";

const COUNT = 512;

function sine(hz: number, amplitude = 0.5): Float32Array {
  return Float32Array.from({ length: VOICE_BAND_LEAD + COUNT }, (_, n) => {
    return amplitude * Math.sin((2 * Math.PI * hz * n) / 16_000);
  });
}

describe("the level where voices are", () => {
  test("is that of the sound between 700 Hz and 2.5 kHz, within 4 dB", () => {
    for (const hz of [700, 1000, 2000, 2500]) expect(Math.abs(voiceBandDbfs(sine(hz), COUNT) + 9)).toBeLessThan(4);
  });

  test("has the rumble taken out, the more the lower it is", () => {
    expect(voiceBandDbfs(sine(100), COUNT)).toBeLessThan(-20);
    expect(voiceBandDbfs(sine(30), COUNT)).toBeLessThan(-30);
  });

  test("knows nothing of where a cut through a rumble begins", () => {
    const cut = Float32Array.from({ length: VOICE_BAND_LEAD + COUNT }, () => 0.5);
    expect(voiceBandDbfs(cut, COUNT)).toBeLessThan(-90);
  });

  test("follows what is twice as loud by 6 dB, and is that of silence where there is none", () => {
    fc.assert(
      fc.property(fc.double({ min: 0.001, max: 0.5, noNaN: true }), (amplitude) => {
        const [once, twice] = [sine(1000, amplitude), sine(1000, 2 * amplitude)];
        expect(voiceBandDbfs(twice, COUNT) - voiceBandDbfs(once, COUNT)).toBeCloseTo(6.02, 2);
      }),
    );
    expect(voiceBandDbfs(new Float32Array(COUNT), COUNT)).toBe(SILENCE_DBFS);
    expect(voiceBandDbfs(new Float32Array(0), 0)).toBe(SILENCE_DBFS);
  });
});
