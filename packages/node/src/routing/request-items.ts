/** A request's text in pieces: `STT:lang=en,mode=interactive` is `STT`, `lang=en` and `mode=interactive`. One pass, no regexes. */

/** One piece: a word, or a key with a value. */
export interface Item {
  /** Undefined: a word by itself. */
  readonly key: string | undefined;
  readonly value: string;
  /** Taken as it stands: commas, colons and pluses in it mean nothing. */
  readonly isQuoted: boolean;
}

export type Items =
  { readonly ok: true; readonly items: readonly Item[] } | { readonly ok: false; readonly problem: string };

/** Names in which a colon is usual (`llama3:8b`): what follows one without a key belongs to the name. */
const NAMES_WITH_COLONS: ReadonlySet<string> = new Set(["model"]);

/** Splits at commas and colons outside quotes. A quoted value ends before a comma, a colon or the end. */
export function itemsOf(text: string): Items {
  const items: Item[] = [];
  let at = 0;
  let separator = "";
  while (at <= text.length) {
    const piece = pieceAt(text, at);
    if (typeof piece === "string") return { ok: false, problem: piece };
    const { item, end } = piece;
    const before = items.at(-1);
    const isOfName = separator === ":" && before?.key !== undefined && NAMES_WITH_COLONS.has(before.key.toLowerCase());
    if (isOfName && before !== undefined && !before.isQuoted && item.key === undefined && !item.isQuoted) {
      items[items.length - 1] = { ...before, value: `${before.value}:${item.value}` };
    } else {
      items.push(item);
    }
    separator = text.charAt(end);
    at = end + 1;
  }
  return { ok: true, items };
}

function pieceAt(text: string, start: number): { readonly item: Item; readonly end: number } | string {
  let at = start;
  let key: string | undefined;
  let from = start;
  while (at < text.length && !isSeparator(text.charAt(at))) {
    if (text.charAt(at) === "=" && key === undefined) {
      key = text.slice(start, at).trim();
      from = at + 1;
    }
    if (text.charAt(at) === '"') {
      if (text.slice(from, at).trim() !== "") return `a quote stands in the middle of ${shown(text.slice(from, at))}`;
      return quotedAt(text, at, key);
    }
    at += 1;
  }
  return { item: { key, value: text.slice(from, at).trim(), isQuoted: false }, end: at };
}

function quotedAt(text: string, quote: number, key: string | undefined): ReturnType<typeof pieceAt> {
  let value = "";
  let at = quote + 1;
  while (at < text.length && text.charAt(at) !== '"') {
    if (text.charAt(at) === "\\") at += 1;
    value += text.charAt(at);
    at += 1;
  }
  if (at >= text.length) return `the quote in front of ${shown(value)} is not closed`;
  at += 1;
  while (text.charAt(at) === " ") at += 1;
  if (at < text.length && !isSeparator(text.charAt(at))) return `something stands behind the quoted ${shown(value)}`;
  return { item: { key, value, isQuoted: true }, end: at };
}

function isSeparator(character: string): boolean {
  return character === "," || character === ":";
}

/** A value as it has to be written to be read as it is. */
export function quoted(value: string): string {
  return /^[\w.@/-]+$/u.test(value) ? value : `"${value.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;
}

const SHOWN_CHARS = 40;

/** Somebody's words in a message. */
export function shown(text: string): string {
  return `"${text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}…` : text}"`;
}
