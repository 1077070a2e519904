/** Languages, as far as rules of speech tell them apart. */

/** The language of a BCP 47 tag without its region, in lower case: `en` of `en-GB`. */
export function primaryLanguage(tag: string): string {
  return tag.toLowerCase().split(/[-_]/u, 1)[0] ?? "";
}

let tags: ReadonlyMap<string, string> | undefined;

/** The tag of a language of two letters (ISO 639-1) by its English name, in any case: `en` of `English`. */
export function languageNamed(name: string): string | undefined {
  tags ??= tagsByName();
  return tags.get(name.toLowerCase());
}

/** By the runtime's own list. */
function tagsByName(): ReadonlyMap<string, string> {
  const names = new Intl.DisplayNames("en", { type: "language", fallback: "none" });
  const letters = Array.from({ length: 26 }, (_, n) => String.fromCharCode(97 + n));
  const known = letters.flatMap((a) => letters.map((b) => a + b)).map((tag) => [names.of(tag)?.toLowerCase(), tag]);
  return new Map(known.flatMap(([name, tag]) => (name === undefined || tag === undefined ? [] : [[name, tag]])));
}
