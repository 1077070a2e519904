import fc from "fast-check";
import { expect, it } from "vitest";
import { EchoLog } from "../../../src/services/ears/echo-log.ts";

const frames = fc.array(
  fc.record({ samples: fc.integer({ min: 0, max: 400 }), echo: fc.constantFrom(0, 0.25, 0.5, 1) }),
  {
    maxLength: 40,
  },
);

it("what our playback explains between two places is what the client said of the samples there", () => {
  fc.assert(
    fc.property(frames, fc.nat(500), fc.nat(500), (given, from, length) => {
      const log = new EchoLog();
      const bySample: number[] = [];
      for (const { samples, echo } of given) {
        log.push(samples, echo);
        for (let n = 0; n < samples; n += 1) bySample.push(echo);
      }
      const wanted = bySample.slice(16 * from, 16 * (from + length)).reduce((sum, echo) => sum + echo, 0);
      const share = length === 0 ? 0 : wanted / (16 * length);
      expect(log.between(from, from + length)).toBeCloseTo(share, 9);
    }),
  );
});

it("the newest ten seconds are kept of a day, and nothing is known of what was let go", () => {
  const log = new EchoLog();
  const frames = 100_000;
  for (let n = 0; n < frames; n += 1) log.push(160, (n % 10) / 10);
  const endMs = frames * 10;
  expect(log.between(endMs - 10_000, endMs)).toBeCloseTo(0.45, 6);
  expect(log.between(0, 10_000)).toBe(0);
  expect(log.between(endMs, endMs + 100)).toBe(0);
  expect(log.between(50, 50)).toBe(0);
});
