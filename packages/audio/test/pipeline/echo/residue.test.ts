import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Residue } from "../../../src/pipeline/echo/residue.ts";

const power = (db: number): number => 10 ** (db / 10);

/** `ms` of one level heard and one left; the last likelihood. */
function hear(residue: Residue, ms: number, heardDb: number, leftDb: number, isPlaying = true, hasEcho = true) {
  let last: number | undefined;
  for (let at = 0; at < ms; at += 10) last = residue.push(power(heardDb), power(leftDb), isPlaying, hasEcho);
  return last;
}

/** One that has heard us for three seconds: at -30 dBFS, of which 30 dB are taken, over a room of -65. */
function learned(): Residue {
  const residue = new Residue();
  for (let n = 0; n < 6; n += 1) {
    hear(residue, 100, -65, -65);
    hear(residue, 400, -30, -60);
  }
  return residue;
}

describe("what a canceller leaves", () => {
  test("is ours as long as it is as little as ever, also where we are louder", () => {
    expect(hear(learned(), 300, -30, -60)).toBe(1);
    expect(hear(learned(), 300, -15, -45)).toBe(1);
  });

  test("is somebody else's within 60 ms, though half of the microphone is ours, and for the seconds they speak", () => {
    const residue = learned();
    expect(hear(residue, 60, -27, -30)).toBe(0);
    expect(hear(residue, 1500, -27, -30)).toBe(0);
  });

  test("is ours again when they have stopped, and theirs when they begin anew", () => {
    const residue = learned();
    hear(residue, 1000, -27, -30);
    expect(hear(residue, 400, -30, -60)).toBe(1);
    expect(hear(residue, 60, -27, -30)).toBe(0);
  });

  test("is all ours while the canceller learns, and no longer than that", () => {
    const residue = learned();
    residue.forget();
    expect(hear(residue, 1400, -30, -35)).toBe(1);
    hear(residue, 3000, -30, -60);
    expect(hear(residue, 60, -27, -30)).toBe(0);
  });

  test("is nobody's where nothing is played, and not known where none of ours has been found", () => {
    expect(hear(learned(), 100, -30, -30, false)).toBe(0);
    expect(hear(new Residue(), 5000, -30, -30, true, false)).toBeUndefined();
  });

  test("who speaks over a loudspeaker that is not heard any more is heard, however often", () => {
    const residue = learned();
    for (let n = 0; n < 30; n += 1) {
      hear(residue, 8000, -65, -65);
      expect(hear(residue, 100, -25, -25)).toBe(0);
      hear(residue, 300, -25, -25);
    }
  });

  test("is a likelihood whatever the powers are", () => {
    const level = fc.oneof(fc.double({ min: -130, max: 10, noNaN: true }).map(power), fc.constant(0));
    const frame = fc.tuple(level, level, fc.boolean(), fc.boolean());
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 200 }), (frames) => {
        const residue = new Residue();
        for (const [heard, left, isPlaying, hasEcho] of frames) {
          const ours = residue.push(heard, left, isPlaying, hasEcho);
          if (ours !== undefined) expect(ours >= 0 && ours <= 1).toBe(true);
        }
      }),
    );
  });
});
