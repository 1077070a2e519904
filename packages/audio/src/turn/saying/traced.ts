/** Text that is rewritten in steps and still knows, character by character, which written text it came from. */

/** `text` with, for each of its UTF-16 units, the stretch `[from, to)` of the written text that it stands for. */
export interface Traced {
  readonly text: string;
  /** Never falls. */
  readonly from: readonly number[];
  /** Never falls. */
  readonly to: readonly number[];
}

/** What a match becomes: new text, which stands for the whole match, or the number of a group that is kept as it is. */
export type Piece = string | number;

/** Written text as it is, `start` being where it begins in the whole. */
export function traced(text: string, start = 0): Traced {
  const from = Array.from({ length: text.length }, (_, at) => start + at);
  return { text, from, to: from.map((at) => at + 1) };
}

/** New text that stands for `[from, to)` of what was written. */
export function standingFor(text: string, from: number, to: number): Traced {
  return { text, from: fill(text.length, from), to: fill(text.length, to) };
}

export function part(whole: Traced, start: number, end: number): Traced {
  return { text: whole.text.slice(start, end), from: whole.from.slice(start, end), to: whole.to.slice(start, end) };
}

export function joinTraced(parts: readonly Traced[]): Traced {
  return {
    text: parts.map(({ text }) => text).join(""),
    from: parts.flatMap(({ from }) => from),
    to: parts.flatMap(({ to }) => to),
  };
}

/**
 * Replaces each match of `pattern`, which has the flags `g` and `d`. Groups that are kept are named in the order in which
 * they stand; new text stands for what lies between them. When `replace` gives undefined, the match stays.
 */
export function rewrite(
  whole: Traced,
  pattern: RegExp,
  replace: (match: RegExpExecArray) => readonly Piece[] | undefined,
): Traced {
  const parts: Traced[] = [];
  let done = 0;
  for (const match of whole.text.matchAll(pattern)) {
    const pieces = replace(match);
    const end = match.index + match[0].length;
    if (pieces === undefined || end === match.index) continue;
    parts.push(part(whole, done, match.index), ...rewritten(whole, match, pieces));
    done = end;
  }
  if (done === 0) return whole;
  return joinTraced([...parts, part(whole, done, whole.text.length)]);
}

function rewritten(whole: Traced, match: RegExpExecArray, pieces: readonly Piece[]): readonly Traced[] {
  const end = match.index + match[0].length;
  const spans = pieces.map((piece) => (typeof piece === "string" ? undefined : (match.indices?.[piece] ?? null)));
  let at = match.index;
  return pieces.flatMap((piece, index) => {
    const span = spans[index];
    if (span !== undefined && span !== null) {
      at = span[1];
      return [part(whole, span[0], span[1])];
    }
    if (typeof piece !== "string") return [];
    const next = spans.slice(index + 1).find((kept) => kept !== undefined && kept !== null)?.[0] ?? end;
    const from = whole.from[at] ?? whole.to[at - 1] ?? 0;
    return [standingFor(piece, from, at < next ? (whole.to[next - 1] ?? from) : from)];
  });
}

/** {@link rewrite} to one string for every match; the empty string deletes. */
export function replaceAll(whole: Traced, pattern: RegExp, by: string): Traced {
  return rewrite(whole, pattern, () => [by]);
}

/** One space at most in a row, and none at the ends. */
export function tidySpaces(text: Traced): Traced {
  return trimmed(rewrite(text, /\s+/dgu, ([spaces]) => (spaces === " " ? undefined : [" "])));
}

function trimmed(whole: Traced): Traced {
  const start = whole.text.length - whole.text.trimStart().length;
  return part(whole, start, Math.max(start, whole.text.trimEnd().length));
}

function fill(length: number, value: number): number[] {
  return Array.from({ length }, () => value);
}
