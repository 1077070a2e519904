import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { LoopWatch } from "../../src/providers/llama-cpp/loop.ts";

/** How many of `pieces` are written before it stops; all of them where it does not. */
function written(pieces: readonly string[], begun = ""): number {
  const watch = new LoopWatch(begun);
  const at = pieces.findIndex((piece) => watch.add(piece));
  return at === -1 ? pieces.length : at + 1;
}

const words = (text: string): string[] => text.match(/\S+\s*/g) ?? [];

describe("an answer that goes in circles", () => {
  it.for([
    "Say, hello to you! ",
    "Say, hello to you!\n\n",
    "I'm Parley, a friendly voice assistant. How can I help you today? ",
    "ha ",
  ])("ends with the third time, or some 60 characters, of %j", (stretch) => {
    const text = `Hello. ${stretch.repeat(100)}`;
    const ends = words(text)
      .slice(0, written(words(text)))
      .join("").length;
    expect(ends).toBeLessThanOrEqual(Math.max(stretch.length * 4, 75) + 7);
    expect(ends).toBeGreaterThan(stretch.length * 2);
  });

  it("ends too where its marks and its capitals vary, or it was begun by somebody else", () => {
    expect(
      written(words("Hello to you, my friend! hello to you my friend... HELLO to you, my friend? Hello again")),
    ).toBe(15);
    expect(written(words("Hello to you, my friend. Hello again."), "Hello to you, my friend. ".repeat(2))).toBe(5);
  });

  it("ends soon whatever it is that it repeats", () => {
    const stretch = fc.string({ minLength: 1, maxLength: 100 }).filter((text) => /[\p{L}\p{N}]/u.test(text));
    fc.assert(
      fc.property(stretch, (text) => {
        const pieces = Array.from({ length: 100 }, () => `${text} `);
        expect(written(pieces)).toBeLessThanOrEqual(61);
      }),
    );
  });
});

describe("an answer that gets on", () => {
  it.for([
    "Row, row, row your boat, gently down the stream. Merrily, merrily, merrily, merrily, life is but a dream.",
    "Knock, knock. Who is there? Boo. Boo who? Do not cry, it is only a joke. Ha ha ha!",
    "It is very, very, very, very far: about 1,000,000,000,000 kilometres.",
    "First I add one. Then I add two. Then I add three. Then I add four. Then I add five. Then I add six.",
    Array.from({ length: 200 }, (_, n) => `Line ${n} of the list.`).join("\n"),
  ])("is not cut: %j", (text) => {
    expect(written(words(text))).toBe(words(text).length);
  });
});
