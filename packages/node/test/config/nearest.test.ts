import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { editDistance, nearest } from "../../src/config/nearest.ts";

describe("counting edits", () => {
  it.each([
    ["port", "port", 0],
    ["prot", "port", 1],
    ["por", "port", 1],
    ["portt", "port", 1],
    ["post", "port", 1],
    ["", "port", 4],
    ["kitten", "sitting", 3],
  ])("%j to %j takes %i", (from, to, edits) => {
    expect(editDistance(from, to)).toBe(edits);
  });

  it("is the same both ways, zero only for equals, at most the longer length", () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (from, to) => {
        const edits = editDistance(from, to);
        expect(edits).toBe(editDistance(to, from));
        expect(edits === 0).toBe(from === to);
        expect(edits).toBeLessThanOrEqual(Math.max(from.length, to.length));
        expect(edits).toBeGreaterThanOrEqual(Math.abs(from.length - to.length));
      }),
    );
  });
});

describe("guessing what was meant", () => {
  it("takes the nearest name, or none when nothing is near", () => {
    expect(nearest("listne.port", ["listen.port", "listen.host"])).toBe("listen.port");
    expect(nearest("banana", ["listen.port", "listen.host"])).toBeUndefined();
    expect(nearest("x".repeat(100_000), ["listen.port"])).toBeUndefined();
  });
});
