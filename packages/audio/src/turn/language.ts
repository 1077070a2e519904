/** Languages, as far as rules of speech tell them apart. */

/** The language of a BCP 47 tag without its region, in lower case: `en` of `en-GB`. */
export function primaryLanguage(tag: string): string {
  return tag.toLowerCase().split(/[-_]/u, 1)[0] ?? "";
}
