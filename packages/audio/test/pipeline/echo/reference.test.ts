import { describe, expect, test } from "vitest";
import { createEchoCanceller, createEchoPath } from "../../../src/pipeline/echo/index.ts";
import type { EchoCanceller } from "../../../src/pipeline/echo/index.ts";
import { joined, sine } from "../../format/kit.ts";
import { babble, decibels, power, throughRoom } from "./acoustics.ts";

const RATE = 16_000;

/** A canceller that gives the reference it was handed. */
const mirror: EchoCanceller = {
  process: (reference) => ({ samples: reference.slice(), echoLikelihood: 0, residueLikelihood: 0 }),
  [Symbol.dispose]: () => undefined,
};

describe("the way of the reference", () => {
  test("brings playback at 24 kHz into step with the microphone, delayed by its target", () => {
    const path = createEchoPath(mirror, 24_000);
    const tone = sine(300, 24_000, 48_000);
    const out: Float32Array[] = [];
    for (let n = 0; n < 200; n++) {
      path.played(tone.subarray(n * 240, (n + 1) * 240), n * 10);
      // Microphones give blocks of sizes of their own.
      const heard = path.heard(new Float32Array(n % 2 === 0 ? 100 : 220), n * 10);
      for (const { samples } of heard) out.push(samples);
    }
    const reference = joined(out);
    expect(reference.length).toBe(2 * RATE);
    expect(power(reference.subarray(RATE)) / 0.125).toBeCloseTo(1, 2);
    expect(path.report.overrunSamples).toBe(0);
  });

  test("with a loudspeaker whose clock is 200 ppm fast, a minute ends with the echo as small as it began", async () => {
    using canceller = await createEchoCanceller();
    const path = createEchoPath(canceller, RATE);
    const played = babble(60, 51);
    const echo = throughRoom(played, { delayMs: 90, gain: 0.5, reverberationMs: 250, seed: 9 });
    // The microphone's clock is the slow one: it takes fewer samples of the same sound.
    const ratio = 1.0002;
    const microphone = Float32Array.from({ length: Math.floor(echo.length / ratio) - 1 }, (_, i) => {
      const at = i * ratio;
      const index = Math.floor(at);
      const before = echo[index] ?? 0;
      return before + (at - index) * ((echo[index + 1] ?? 0) - before);
    });
    const out: Float32Array[] = [];
    for (let n = 0, read = 0; (n + 1) * 160 <= played.length; n++) {
      // 10 ms of the loudspeaker's clock; the microphone's blocks come when they are full.
      path.played(played.subarray(n * 160, (n + 1) * 160), n * 10);
      while ((read + 1) * 160 * ratio <= (n + 1) * 160 && (read + 1) * 160 <= microphone.length) {
        const frames = path.heard(microphone.subarray(read * 160, (read + 1) * 160), n * 10);
        for (const { samples } of frames) out.push(samples);
        read += 1;
      }
    }
    const cleaned = joined(out);
    const loss = (fromS: number, toS: number): number =>
      decibels(
        power(microphone.subarray(fromS * RATE, toS * RATE)) / power(cleaned.subarray(fromS * RATE, toS * RATE)),
      );
    expect(loss(5, 30)).toBeGreaterThan(12);
    expect(loss(30, 59)).toBeGreaterThan(15);
    expect(Math.abs(path.report.driftPpm - 200)).toBeLessThan(120);
    expect(path.report.overrunSamples).toBe(0);
  });

  test.each([100, -100])(
    "with clocks that differ by %i ppm, a sound keeps its place for a quarter of an hour",
    (ppm) => {
      const path = createEchoPath(mirror, RATE);
      const blockMs = 20;
      const block = (RATE * blockMs) / 1000;
      const seconds = 900;
      // A click each second of what is played; in the microphone's time a second is as much longer or shorter.
      const secondMs = 1000 * (1 + ppm / 1e6);
      const clicksMs: number[] = [];
      let [played, heard, lastMs] = [0, 0, -1000];
      for (let nowMs = 0; nowMs < seconds * 1000; nowMs += blockMs) {
        for (; (played / RATE) * secondMs <= nowMs; played += block) {
          const samples = new Float32Array(block);
          if (played % RATE === 0) samples[0] = 1;
          path.played(samples, (played / RATE) * secondMs);
        }
        for (const { samples: reference } of path.heard(new Float32Array(block), nowMs)) {
          const at = reference.findIndex((sample) => sample > 0.3);
          const atMs = ((heard + at) * 1000) / RATE;
          // A click between two frames is seen in both.
          if (at >= 0 && atMs - lastMs > 500) {
            clicksMs.push(atMs - clicksMs.length * secondMs);
            lastMs = atMs;
          }
          heard += reference.length;
        }
      }
      expect(clicksMs.length).toBeGreaterThan(seconds - 3);
      const settled = clicksMs.slice(120);
      // Left to themselves the clocks would be 78 ms apart by then.
      expect(Math.max(...settled) - Math.min(...settled)).toBeLessThan(6);
      expect(path.report.overrunSamples).toBe(0);
    },
  );
});
