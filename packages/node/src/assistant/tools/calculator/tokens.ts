/** The pieces of an arithmetic expression. Each character is looked at once. */
import { CalculationError } from "./error.ts";

/** A piece, and where it begins. */
export type Token =
  | { readonly kind: "number"; readonly value: number; readonly at: number }
  | { readonly kind: "name"; readonly name: string; readonly at: number }
  | { readonly kind: "sign"; readonly sign: Sign; readonly at: number };

const SIGNS = ["+", "-", "*", "/", "^", "%", "(", ")", ",", "!"] as const;
export type Sign = (typeof SIGNS)[number];

/** As people and models write them. */
const OTHER_SIGNS: Readonly<Record<string, Sign>> = {
  "×": "*",
  "·": "*",
  "⋅": "*",
  "∙": "*",
  "÷": "/",
  ":": "/",
  "−": "-",
  "–": "-",
};

const NUMBER = /(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[\p{L}][\p{L}\d_]*/uy;

/** @throws CalculationError for a character that belongs to no expression */
export function tokensOf(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    const character = text.charAt(at);
    if (/\s/.test(character)) {
      at += 1;
      continue;
    }
    const number = matchAt(NUMBER, text, at);
    const name = number === undefined ? matchAt(NAME, text, at) : undefined;
    if (number !== undefined) tokens.push({ kind: "number", value: Number(number), at });
    else if (name !== undefined) tokens.push({ kind: "name", name: name.toLowerCase(), at });
    const sign = number === undefined && name === undefined ? signAt(text, at) : undefined;
    if (sign !== undefined) tokens.push({ kind: "sign", sign: sign.sign, at });
    at += (number ?? name ?? sign?.written ?? " ").length;
  }
  return tokens;
}

function signAt(text: string, at: number): { readonly sign: Sign; readonly written: string } {
  // Python's and JavaScript's way to write a power.
  if (text.startsWith("**", at)) return { sign: "^", written: "**" };
  const character = text.charAt(at);
  const sign = SIGNS.find((each) => each === character) ?? OTHER_SIGNS[character];
  if (sign !== undefined) return { sign, written: character };
  throw new CalculationError(`"${character}" at ${at + 1} is no part of a calculation`);
}

function matchAt(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
