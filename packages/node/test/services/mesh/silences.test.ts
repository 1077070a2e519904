import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Silences } from "../../../src/services/mesh/silences.ts";

/** Signs of life with so much time between them. */
function hear(silences: Silences, everyMs: number, signs: number): void {
  for (let n = 0; n < signs; n += 1) silences.heard("attic", everyMs);
}

describe("how long a peer that works may be silent", () => {
  it("is 250 ms as long as nothing is known, 150 for who has been punctual for seconds", () => {
    const silences = new Silences();
    expect(silences.allowedMs("attic")).toBe(250);
    hear(silences, 40, 100);
    expect(silences.allowedMs("attic")).toBe(150);
    expect(silences.allowedMs("cellar")).toBe(250);
  });

  it("is half as long again as the longest silence, which is forgotten by halves as signs come", () => {
    const silences = new Silences();
    hear(silences, 40, 100);
    silences.heard("attic", 200);
    expect(silences.allowedMs("attic")).toBe(300);
    hear(silences, 40, 50);
    expect(silences.allowedMs("attic")).toBeCloseTo(300 / Math.SQRT2);
    hear(silences, 40, 60);
    expect(silences.allowedMs("attic")).toBe(150);
  });

  it("is never shorter than 150 ms nor longer than 400, whatever happens", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { maxLength: 60 }), (gaps) => {
        const silences = new Silences();
        for (const gapMs of gaps) {
          silences.heard("attic", gapMs);
          expect(silences.allowedMs("attic")).toBeGreaterThanOrEqual(150);
          expect(silences.allowedMs("attic")).toBeLessThanOrEqual(400);
        }
      }),
    );
  });
});
