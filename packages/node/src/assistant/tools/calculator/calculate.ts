/**
 * What an arithmetic expression comes to. A parser of its own by precedence climbing: nothing that is written is ever run, names are
 * looked up in two fixed tables, length and depth are bounded.
 *
 * `%` is a percentage unless a value follows it, then it is the rest of a division: `17% of 250`, `250 - 20%` (of the 250), `17 % 5`.
 */
import { CalculationError } from "./error.ts";
import { CONSTANTS, factorial, FUNCTIONS, modulo } from "./functions.ts";
import { tokensOf, type Sign, type Token } from "./tokens.ts";

/** Characters of the longest expression. */
export const MAX_EXPRESSION_CHARS = 500;
/** Parentheses, functions and signs within each other. */
const MAX_DEPTH = 64;

/** @throws CalculationError for what is no expression, or comes to no number */
export function calculate(expression: string): number {
  if (expression.length > MAX_EXPRESSION_CHARS) {
    throw new CalculationError(`a calculation has at most ${MAX_EXPRESSION_CHARS} characters`);
  }
  const tokens = tokensOf(expression);
  if (tokens.length === 0) throw new CalculationError("there is nothing to calculate");
  return new Calculation(tokens).whole();
}

/** As it is read out: at most 12 significant digits, so that 0.1 + 0.2 is 0.3. */
export function shownNumber(value: number): string {
  return String(Number(value.toPrecision(12)));
}

/** A value, and whether it is a percentage: that of what is added to or taken from is meant. */
interface Value {
  readonly number: number;
  readonly isPercent: boolean;
}

const plain = (number: number): Value => ({ number, isPercent: false });

class Calculation {
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  whole(): number {
    const { number } = this.#sum();
    const rest = this.#next;
    if (rest !== undefined) throw unexpected(rest);
    return number;
  }

  get #next(): Token | undefined {
    return this.#tokens[this.#at];
  }

  #sum(): Value {
    let left = this.#product();
    for (;;) {
      const sign = this.#take("+", "-");
      if (sign === undefined) return left;
      const right = this.#product();
      const isShare = right.isPercent && !left.isPercent;
      const step = isShare ? left.number * right.number : right.number;
      left = {
        number: finite(sign === "+" ? left.number + step : left.number - step),
        isPercent: left.isPercent && right.isPercent,
      };
    }
  }

  #product(): Value {
    let left = this.#signed();
    for (;;) {
      const sign =
        this.#take("*", "/") ?? (this.#isRest() ? this.#take("%") : undefined) ?? this.#takeWord("of", "mod");
      if (sign === undefined) return left;
      left = plain(finite(multiplied(left.number, sign, this.#signed().number)));
    }
  }

  /** Signs bind weaker than powers: -2^2 is -4. */
  #signed(): Value {
    return this.#within(() => {
      const sign = this.#take("+", "-");
      if (sign === undefined) return this.#power();
      const { number, isPercent } = this.#signed();
      return { number: sign === "-" ? -number : number, isPercent };
    });
  }

  #power(): Value {
    const base = this.#postfix();
    if (this.#take("^") === undefined) return base;
    const exponent = this.#signed();
    return plain(finite(base.number ** exponent.number));
  }

  #postfix(): Value {
    let value = this.#atom();
    for (;;) {
      if (this.#take("!") !== undefined) value = plain(factorial(value.number));
      else if (!this.#isRest() && this.#take("%") !== undefined)
        value = { number: value.number / 100, isPercent: true };
      else return value;
    }
  }

  #atom(): Value {
    const token = this.#next;
    if (token === undefined) throw new CalculationError("something is missing at the end");
    this.#at += 1;
    if (token.kind === "number") return plain(finite(token.value));
    if (token.kind === "name") return plain(this.#named(token));
    if (token.sign !== "(") throw unexpected(token);
    const inner = this.#within(() => this.#sum());
    this.#expect(")");
    return inner;
  }

  #named(token: Extract<Token, { kind: "name" }>): number {
    const constant = CONSTANTS.get(token.name);
    if (constant !== undefined) return constant;
    const called = FUNCTIONS.get(token.name);
    if (called === undefined) {
      throw new CalculationError(`there is no function ${token.name}; there are ${[...FUNCTIONS.keys()].join(", ")}`);
    }
    this.#expect("(");
    const numbers: number[] = [];
    do {
      numbers.push(this.#within(() => this.#sum()).number);
    } while (this.#take(",") !== undefined);
    this.#expect(")");
    if (numbers.length < called.least || numbers.length > called.most) {
      throw new CalculationError(
        `${token.name} takes ${called.least} to ${called.most} numbers, not ${numbers.length}`,
      );
    }
    return finite(called.of(...numbers));
  }

  /** Whether a `%` that is next is the rest of a division: a value follows. */
  #isRest(): boolean {
    const [sign, following] = [this.#next, this.#tokens[this.#at + 1]];
    if (sign?.kind !== "sign" || sign.sign !== "%" || following === undefined) return false;
    if (following.kind === "sign") return following.sign === "(";
    return following.kind === "number" || !isWord(following.name);
  }

  #take<S extends Sign>(...signs: readonly S[]): S | undefined {
    const token = this.#next;
    const sign = token?.kind === "sign" ? signs.find((each) => each === token.sign) : undefined;
    if (sign !== undefined) this.#at += 1;
    return sign;
  }

  #takeWord<W extends Word>(...words: readonly W[]): W | undefined {
    const token = this.#next;
    const word = token?.kind === "name" ? words.find((each) => each === token.name) : undefined;
    if (word !== undefined) this.#at += 1;
    return word;
  }

  #expect(sign: "(" | ")"): void {
    if (this.#take(sign) !== undefined) return;
    const found = this.#next;
    if (found?.kind === "sign" && found.sign === ",") {
      throw new CalculationError(`a comma separates the numbers of a function; write 3.5, not 3,5`);
    }
    throw new CalculationError(
      found === undefined ? `a "${sign}" is missing` : `a "${sign}" is missing at ${found.at + 1}`,
    );
  }

  #within<T>(inner: () => T): T {
    this.#depth += 1;
    if (this.#depth > MAX_DEPTH) throw new CalculationError("that is nested too deeply");
    try {
      return inner();
    } finally {
      this.#depth -= 1;
    }
  }
}

const WORDS = ["of", "mod"] as const;
type Word = (typeof WORDS)[number];

function isWord(name: string): boolean {
  return WORDS.some((word) => word === name);
}

function multiplied(left: number, sign: "*" | "/" | "%" | Word, right: number): number {
  if (sign === "*" || sign === "of") return left * right;
  if (sign !== "/") return modulo(left, right);
  if (right === 0) throw new CalculationError("nothing can be divided by 0");
  return left / right;
}

function finite(number: number): number {
  if (Number.isFinite(number)) return number;
  throw new CalculationError(Number.isNaN(number) ? "that comes to no real number" : "that is too large a number");
}

function unexpected(token: Token): CalculationError {
  if (token.kind === "sign" && token.sign === ",") {
    return new CalculationError("a comma separates the numbers of a function; write 3.5, not 3,5");
  }
  const shown = token.kind === "number" ? String(token.value) : token.kind === "name" ? token.name : token.sign;
  return new CalculationError(`"${shown}" at ${token.at + 1} is not expected there`);
}
