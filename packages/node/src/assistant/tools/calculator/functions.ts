/** What a calculation may call by name. */
import { CalculationError } from "./error.ts";

/** A function: how many numbers it takes, and what it makes of them. */
interface NamedFunction {
  readonly least: number;
  readonly most: number;
  readonly of: (...numbers: readonly number[]) => number;
}

const one = (of: (x: number) => number): NamedFunction => ({ least: 1, most: 1, of: (x = 0) => of(x) });
const many = (of: (...numbers: readonly number[]) => number): NamedFunction => ({ least: 1, most: MOST_ARGUMENTS, of });

/** Numbers that one function takes. */
const MOST_ARGUMENTS = 64;
/** Beyond this a factorial is no finite number any more. */
const LARGEST_FACTORIAL = 170;

const sum = (...numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);

export const FUNCTIONS: ReadonlyMap<string, NamedFunction> = new Map<string, NamedFunction>([
  ["sqrt", one(Math.sqrt)],
  ["cbrt", one(Math.cbrt)],
  ["abs", one(Math.abs)],
  ["floor", one(Math.floor)],
  ["ceil", one(Math.ceil)],
  ["trunc", one(Math.trunc)],
  ["sign", one(Math.sign)],
  ["exp", one(Math.exp)],
  ["ln", one(Math.log)],
  [
    "log",
    { least: 1, most: 2, of: (x = 0, base = 10) => (base === 10 ? Math.log10(x) : Math.log(x) / Math.log(base)) },
  ],
  ["log2", one(Math.log2)],
  ["log10", one(Math.log10)],
  ["sin", one(Math.sin)],
  ["cos", one(Math.cos)],
  ["tan", one(Math.tan)],
  ["asin", one(Math.asin)],
  ["acos", one(Math.acos)],
  ["atan", one(Math.atan)],
  ["rad", one((degrees) => (degrees * Math.PI) / 180)],
  ["deg", one((radians) => (radians * 180) / Math.PI)],
  ["round", { least: 1, most: 2, of: (x = 0, digits = 0) => rounded(x, digits) }],
  ["min", many(Math.min)],
  ["max", many(Math.max)],
  ["sum", many(sum)],
  ["avg", many((...numbers) => sum(...numbers) / numbers.length)],
  ["mean", many((...numbers) => sum(...numbers) / numbers.length)],
  ["pow", { least: 2, most: 2, of: (x = 0, y = 0) => x ** y }],
  ["mod", { least: 2, most: 2, of: (x = 0, y = 0) => modulo(x, y) }],
  ["fact", one(factorial)],
]);

export const CONSTANTS: ReadonlyMap<string, number> = new Map([
  ["pi", Math.PI],
  ["π", Math.PI],
  ["e", Math.E],
  ["tau", 2 * Math.PI],
]);

/** What is left of `x` by `y`, with the sign of `y`: -1 mod 7 is 6. @throws CalculationError for 0 */
export function modulo(x: number, y: number): number {
  if (y === 0) throw new CalculationError("nothing can be divided by 0");
  const rest = x % y;
  return rest !== 0 && rest < 0 !== y < 0 ? rest + y : rest;
}

/** @throws CalculationError for anything but 0, 1, 2 … 170 */
export function factorial(n: number): number {
  if (!Number.isInteger(n) || n < 0 || n > LARGEST_FACTORIAL) {
    throw new CalculationError(`a factorial takes a whole number from 0 to ${LARGEST_FACTORIAL}`);
  }
  let product = 1;
  for (let factor = 2; factor <= n; factor += 1) product *= factor;
  return product;
}

/** Away from zero in the middle, as people do. */
function rounded(x: number, digits: number): number {
  if (!Number.isInteger(digits) || digits < 0 || digits > 12) {
    throw new CalculationError("round takes 0 to 12 digits");
  }
  const shifted = Math.abs(x) * 10 ** digits;
  // What is a half on paper may be a hair less in binary: 1.005 is.
  return (Math.sign(x) * Math.round(shifted + shifted * Number.EPSILON)) / 10 ** digits;
}
