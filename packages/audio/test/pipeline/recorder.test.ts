import fc from "fast-check";
import { expect, it } from "vitest";
import { Recorder } from "../../src/pipeline/recorder.ts";

it("a recorder gives back exactly what was pushed between two moments, as far as its window reaches", () => {
  const windowMs = 3;
  const window = windowMs * 16;
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 120 }), { maxLength: 20 }),
      fc.nat(30),
      fc.nat(40),
      (sizes, startMs, endMs) => {
        const recorder = new Recorder(windowMs);
        const pushed: number[] = [];
        for (const size of sizes) {
          const chunk = Float32Array.from({ length: size }, (_, i) => pushed.length + i + 1);
          recorder.push(chunk);
          pushed.push(...chunk);
        }
        const oldest = Math.max(pushed.length - window, 0);
        expect([...recorder.between(startMs, endMs)]).toEqual(pushed.slice(Math.max(startMs * 16, oldest), endMs * 16));
        expect([...recorder.between(startMs, Infinity)]).toEqual(pushed.slice(Math.max(startMs * 16, oldest)));
        expect(recorder.endMs).toBe(pushed.length / 16);
      },
    ),
  );
});
