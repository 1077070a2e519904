import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calculate, shownNumber } from "../../../src/assistant/tools/calculator/calculate.ts";
import { CalculationError } from "../../../src/assistant/tools/calculator/error.ts";

describe("the calculator", () => {
  it.each([
    ["1 + 2 * 3", 7],
    ["(1 + 2) * 3", 9],
    ["2 ^ 3 ^ 2", 512],
    ["2**10", 1024],
    ["-2 ^ 2", -4],
    ["2 ^ -1", 0.5],
    ["10 - 4 - 3", 3],
    ["100 / 5 / 2", 10],
    ["3 × 4 ÷ 2 − 1", 5],
    [".5 + 1.5e2", 150.5],
    ["sqrt(16) + max(1, 7, 3)", 11],
    ["round(2.345, 2)", 2.35],
    ["round(-2.5)", -3],
    ["avg(1, 2, 3, 4)", 2.5],
    ["5!", 120],
    ["log(1000) + ln(e)", 4],
    ["2 * pi", 2 * Math.PI],
    ["sin(rad(30))", 0.5],
  ])("works out %s", (expression, value) => {
    expect(calculate(expression)).toBeCloseTo(value, 10);
  });

  it.each([
    ["17% of 250", 42.5],
    ["17% * 250", 42.5],
    ["250 + 20%", 300],
    ["250 - 20%", 200],
    ["5% + 10%", 0.15],
    ["50% ^ 2", 0.25],
    ["100 + 10% + 10%", 121],
    ["17 % 5", 2],
    ["17 mod 5", 2],
    ["-1 % 7", 6],
    ["50%", 0.5],
    ["(20%) of (50% of 10)", 1],
  ])("takes %% for what is meant: %s", (expression, value) => {
    expect(calculate(expression)).toBeCloseTo(value, 10);
  });

  it.each([
    ["1 / 0", "divided by 0"],
    ["5 % 0", "divided by 0"],
    ["2 +", "missing at the end"],
    ["(1 + 2", 'a ")" is missing'],
    ["1 2", '"2" at 3 is not expected'],
    ["3,5 * 2", "write 3.5, not 3,5"],
    ["(3,5)", "write 3.5, not 3,5"],
    ["foo(1)", "no function foo"],
    ["sqrt(-1)", "no real number"],
    ["sqrt(1, 2)", "takes 1 to 1 numbers"],
    ["9 ^ 9 ^ 9 ^ 9", "too large"],
    ["171!", "0 to 170"],
    ["process.exit()", "no part of a calculation"],
    ["constructor", "no function constructor"],
    ["__proto__(1)", "no part of a calculation"],
    ["", "nothing to calculate"],
    ["(".repeat(400), "nested too deeply"],
    ["-".repeat(400) + "1", "nested too deeply"],
    ["1+".repeat(300) + "1", "at most 500 characters"],
  ])("says what is wrong with %s", (expression, why) => {
    expect(() => calculate(expression)).toThrow(CalculationError);
    expect(() => calculate(expression)).toThrow(why);
  });

  it("agrees with the language's own arithmetic on any tree of operations", () => {
    const { tree } = fc.letrec<{ tree: { text: string; value: number } }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5, withCrossShrink: true },
        fc.integer({ min: 0, max: 999 }).map((n) => ({ text: String(n), value: n })),
        fc.tuple(tie("tree"), fc.constantFrom("+", "-", "*", "/"), tie("tree")).map(([left, sign, right]) => ({
          text: `(${left.text} ${sign} ${right.text})`,
          value:
            sign === "+"
              ? left.value + right.value
              : sign === "-"
                ? left.value - right.value
                : sign === "*"
                  ? left.value * right.value
                  : left.value / right.value,
        })),
      ),
    }));
    fc.assert(
      fc.property(tree, ({ text, value }) => {
        fc.pre(text.length <= 500 && Number.isFinite(value) && !/\/ 0\)/.test(text));
        let found: number;
        try {
          found = calculate(text);
        } catch (error) {
          // Something within it was divided by what comes to 0.
          expect(error).toBeInstanceOf(CalculationError);
          return;
        }
        expect(found).toBe(value);
      }),
    );
  });

  it("gives a finite number or says what is wrong, whatever it is given", () => {
    const pieces = fc.array(
      fc.oneof(
        fc.constantFrom(
          "+",
          "-",
          "*",
          "/",
          "^",
          "%",
          "(",
          ")",
          ",",
          "!",
          "of",
          "mod",
          "pi",
          "sqrt(",
          "min(",
          " ",
          "1e9",
        ),
        fc.integer({ min: 0, max: 20 }).map(String),
        fc.string({ maxLength: 3 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        fc.oneof(
          pieces.map((all) => all.join("")),
          fc.string({ unit: "binary", maxLength: 60 }),
        ),
        (text) => {
          try {
            expect(Number.isFinite(calculate(text))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(CalculationError);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it("reads out what is meant, not what binary makes of it", () => {
    expect(shownNumber(calculate("0.1 + 0.2"))).toBe("0.3");
    expect(shownNumber(calculate("10 / 3"))).toBe("3.33333333333");
    expect(shownNumber(calculate("250 * 17%"))).toBe("42.5");
  });
});
