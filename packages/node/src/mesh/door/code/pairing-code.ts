/** The code that a member shows and a newcomer types. */
import { randomInt } from "node:crypto";
import { ALPHABET, bitsOf, inGroups, readSigns } from "./alphabet.ts";

/** Signs in a code (DECISIONS 9). */
export const CODE_SIGNS = 8;

/**
 * Entropy of a code, in bits: 38.9. With five guesses (`window.ts`) for each that a person opens, a stranger is let in with a
 * probability of 1 in 10^11. Guesses cannot be made elsewhere: see `../pairing/opaque.ts`.
 */
export const CODE_BITS = bitsOf(CODE_SIGNS);

/** A new code, each sign drawn evenly: eight signs without dashes. */
export function newPairingCode(): string {
  return Array.from({ length: CODE_SIGNS }, () => ALPHABET[randomInt(ALPHABET.length)]).join("");
}

/** What a person typed, as {@link newPairingCode} made it; undefined when it cannot be a code. */
export function readPairingCode(typed: string): string | undefined {
  const signs = readSigns(typed);
  return signs?.length === CODE_SIGNS ? signs : undefined;
}

/** As people see it: `XXXX-XXXX`. */
export function showPairingCode(code: string): string {
  return inGroups(code);
}
