import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wordErrors } from "../../src/testing/index.ts";

describe("word errors", () => {
  test.each([
    ["Hello, world!", "hello world", [0, 0, 0]],
    ["hello word", "hello world", [1, 0, 0]],
    ["hello", "hello world", [0, 1, 0]],
    ["oh hello world", "hello world", [0, 0, 1]],
    ["the 25 well known people", "The twenty-five well-known people.", [0, 0, 0]],
    ["don’t go", "don't go", [0, 0, 0]],
    ["a b c", "x y", [2, 0, 1]],
    ["", "one two", [0, 2, 0]],
  ])("%j for %j", (heard, reference, [substitutions, deletions, insertions]) => {
    expect(wordErrors(heard, reference)).toMatchObject({ substitutions, deletions, insertions });
  });

  test("the rate is by words of the reference", () => {
    expect(wordErrors("a b x", "a b c d").rate).toBe(0.5);
    expect(wordErrors("", "").rate).toBe(0);
    expect(wordErrors("a b", "").rate).toBe(1);
  });

  test("errors are a distance", () => {
    const text = fc.array(fc.constantFrom("a", "b", "c"), { maxLength: 8 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(text, text, text, (a, b, c) => {
        const { errors, substitutions, deletions, insertions } = wordErrors(a, b);
        expect(errors).toBe(substitutions + deletions + insertions);
        expect(wordErrors(b, a).errors).toBe(errors);
        expect(errors === 0).toBe(a === b);
        expect(wordErrors(a, c).errors).toBeLessThanOrEqual(errors + wordErrors(b, c).errors);
      }),
    );
  });
});
