/**
 * The signs of what people read, say and type: pairing codes and fingerprints. Of each group of look-alikes only one is in
 * it, and the others are read as that one: nothing that a person mixes up makes a difference.
 */

/** 29 signs, that is log2(29) = 4.858 bits each. */
export const ALPHABET = "0123456789ACDEFGHJKMNPQRTVWXY";

/** Look-alikes, as the sign that they are read as. */
const READ_AS: Readonly<Record<string, string>> = { O: "0", I: "1", L: "1", Z: "2", S: "5", B: "8", U: "V" };

/** People see texts in groups of this many signs. */
const GROUP_SIGNS = 4;

/** Bits of entropy in `signs` signs, each drawn at random. */
export function bitsOf(signs: number): number {
  return signs * Math.log2(ALPHABET.length);
}

/**
 * What was typed as signs of the alphabet: in any case, with or without blanks and dashes, look-alikes folded, full-width
 * letters as phones write them.
 * @returns undefined when something else is in it
 */
export function readSigns(typed: string): string | undefined {
  const bare = typed
    .normalize("NFKC")
    .toUpperCase()
    .replaceAll(/[\s\p{Pd}_.·]/gu, "");
  const signs = Array.from(bare, (sign) => READ_AS[sign] ?? sign);
  return signs.every((sign) => ALPHABET.includes(sign)) ? signs.join("") : undefined;
}

/** `ABCDEFGH` as `ABCD-EFGH`. */
export function inGroups(signs: string): string {
  return (signs.match(new RegExp(`.{1,${GROUP_SIGNS}}`, "g")) ?? []).join("-");
}
