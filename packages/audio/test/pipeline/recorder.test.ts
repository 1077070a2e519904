import fc from "fast-check";
import { expect, it } from "vitest";
import { Recorder } from "../../src/pipeline/recorder.ts";

it("a recorder gives back exactly what was pushed between two moments, at least as far as its window reaches", () => {
  const windowMs = 3;
  const window = windowMs * 16;
  const sizes = fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 20 });
  fc.assert(
    fc.property(sizes, fc.nat(60), fc.nat(80), (all, startMs, endMs) => {
      const recorder = new Recorder(windowMs);
      const pushed: number[] = [];
      for (const size of all) {
        const chunk = Float32Array.from({ length: size }, (_, i) => pushed.length + i + 1);
        recorder.push(chunk);
        pushed.push(...chunk);
      }
      const oldest = Math.max(pushed.length - window, 0);
      for (const end of [endMs, Infinity]) {
        const whole = pushed.slice(startMs * 16, end * 16);
        const got = [...recorder.between(startMs, end)];
        // The end of what was asked for, and all of it that lies within the window.
        expect(got).toEqual(whole.slice(whole.length - got.length));
        expect(got.length).toBeGreaterThanOrEqual(pushed.slice(Math.max(startMs * 16, oldest), end * 16).length);
      }
      expect(recorder.endMs).toBe(pushed.length / 16);
    }),
  );
});

it("a recorder of a long stream holds no more than twice its window", () => {
  const recorder = new Recorder(100);
  for (let i = 0; i < 10_000; i += 1) recorder.push(new Float32Array(160));
  expect(recorder.between(0, Infinity).length).toBeLessThanOrEqual(2 * 100 * 16 + 160);
});
