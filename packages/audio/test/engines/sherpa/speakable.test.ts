import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { speakablePieces } from "../../../src/engines/sherpa/speakable.ts";

describe("cutting text for the synthesiser", () => {
  it("loses no word and makes no empty piece", () => {
    fc.assert(
      fc.property(fc.lorem({ mode: "sentences", maxCount: 30 }), (text) => {
        const pieces = speakablePieces(text);
        expect(pieces.join(" ").split(/\s+/)).toEqual(text.trim().split(/\s+/));
        expect(pieces.every((piece) => piece.trim() !== "")).toBe(true);
      }),
    );
  });

  it.each(["", "  \n", "...", "?! —"])("finds nothing to say in %j", (text) => {
    expect(speakablePieces(text)).toEqual([]);
  });
});
