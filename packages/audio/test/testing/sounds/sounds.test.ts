import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  babble,
  cough,
  doorKnock,
  inRoom,
  joinedSounds,
  keyboard,
  mixedAt,
  music,
  pinkNoise,
  rms,
  scoreFrames,
  speakingRms,
  speechLabels,
  whiteNoise,
  withRms,
} from "../../../src/testing/sounds/index.ts";

const SECOND = 16_000;
const tone = (samples: number, hz = 300): Float32Array =>
  Float32Array.from({ length: samples }, (_, n) => 0.3 * Math.sin((2 * Math.PI * hz * n) / SECOND));

/** Energy of `sound` round `hz` (Goertzel). */
function energyAt(sound: Float32Array, hz: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * hz) / SECOND);
  let energy = 0;
  for (let from = 0; from + 400 <= sound.length; from += 400) {
    let [last, beforeLast] = [0, 0];
    for (const sample of sound.subarray(from, from + 400))
      [last, beforeLast] = [sample + turn * last - beforeLast, last];
    energy += last * last + beforeLast * beforeLast - turn * last * beforeLast;
  }
  return energy;
}

describe("sounds made for measuring", () => {
  const made: Readonly<Record<string, (seed: number) => Float32Array>> = {
    whiteNoise: (seed) => whiteNoise(SECOND, seed),
    pinkNoise: (seed) => pinkNoise(SECOND, seed),
    music: (seed) => music(2 * SECOND, seed),
    babble: (seed) => babble([tone(5000), tone(7000, 500)], SECOND, seed),
    cough,
    doorKnock,
    keyboard: (seed) => keyboard(1000, seed),
    inRoom: (seed) => inRoom(tone(4000), 200, seed),
  };

  it.each(Object.entries(made))(
    "%s is the same for the same seed, another for another, and never clips",
    (_name, make) => {
      const sound = make(7);
      expect(make(7)).toEqual(sound);
      expect(make(8)).not.toEqual(sound);
      expect(sound.every((sample) => Math.abs(sample) < 1)).toBe(true);
      expect(rms(sound)).toBeGreaterThan(0.005);
    },
  );

  it("pink noise has as much in each octave, white noise twice as much in the next", () => {
    const rise = (noise: Float32Array): number => {
      const octave = (from: number): number =>
        [1, 1.25, 1.5, 1.75].reduce((sum, part) => sum + energyAt(noise, from * part), 0) * from;
      return octave(4000) / octave(500);
    };
    const seconds = 20 * SECOND;
    expect(rise(whiteNoise(seconds, 1))).toBeGreaterThan(5);
    expect(rise(pinkNoise(seconds, 1))).toBeGreaterThan(0.4);
    expect(rise(pinkNoise(seconds, 1))).toBeLessThan(2.5);
  });

  it("a mixture has the stated ratio, whatever silence surrounds the speech", () => {
    const decibels = fc.integer({ min: -5, max: 30 });
    fc.assert(
      fc.property(decibels, fc.integer({ min: 0, max: 30_000 }), (snrDb, silence) => {
        const speech = joinedSounds([new Float32Array(silence), tone(SECOND), new Float32Array(silence)]);
        const mixed = mixedAt(speech, whiteNoise(5000, 3), snrDb);
        const noise = mixed.map((sample, n) => sample - (speech[n] ?? 0));
        expect(20 * Math.log10(speakingRms(speech) / rms(noise))).toBeCloseTo(snrDb, 0);
      }),
      { numRuns: 20 },
    );
  });

  it("a room keeps the sound and adds what fades", () => {
    const click = new Float32Array(SECOND).fill(0.5, 0, 1);
    const heard = inRoom(click, 300, 1);
    expect(heard[0]).toBe(0.5);
    const [early, late] = [rms(heard.subarray(160, 1760)), rms(heard.subarray(3200, 4800))];
    expect(early).toBeGreaterThan(5 * late);
    expect(late).toBeGreaterThan(0);
    expect(rms(heard.subarray(6000))).toBe(0);
    expect(20 * Math.log10(0.5 / Math.hypot(...heard.subarray(1)))).toBeCloseTo(6, 1);
  });

  it("labels say where a voice is, bridging what is short", () => {
    const frame = 320;
    const loud = (frames: number): Float32Array => tone(frames * frame);
    const quiet = (frames: number): Float32Array => withRms(whiteNoise(frames * frame, 5), 1e-4);
    // A pause of 100 ms is bridged, one of 300 ms is not, and a click of 20 ms is no speech.
    const clip = joinedSounds([
      quiet(10),
      loud(20),
      quiet(5),
      loud(10),
      quiet(15),
      loud(10),
      quiet(20),
      loud(1),
      quiet(9),
    ]);
    const labels = speechLabels(clip, frame, 200);
    const expected = [10, 35, 15, 10, 30].flatMap((length, n) => Array.from({ length }, () => n % 2 === 1));
    expect(labels).toEqual(expected);
  });

  it("frames are scored by what was found and what was missed", () => {
    expect(scoreFrames([true, true, false, false], [true, false, true, false])).toEqual({
      precision: 0.5,
      recall: 0.5,
      f1: 0.5,
    });
    expect(scoreFrames([false], [false]).f1).toBe(0);
    expect(scoreFrames([true], [true]).f1).toBe(1);
  });
});
