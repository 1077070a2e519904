/**
 * The sentence chunker: cuts a stream of text, in tokens of any size, into pieces worth giving to a voice.
 *
 * Two promises, both properties in the tests:
 * - the chunks joined are the text, to the last character;
 * - where it is cut does not depend on how the text was cut into tokens. A place is judged only when what has been seen
 *   behind it decides (at most {@link LOOK_AHEAD_CHARS} characters), places are judged in order, and the first that
 *   holds is taken. `end` decides what is still open.
 */
import { fenceAt, fenceEnd, openFence } from "./fences.ts";
import type { Fence } from "./fences.ts";
import { isSpace, isStop, judgeClause, judgeConjunction, judgeNewline, judgeStop, LOOK_AHEAD_CHARS } from "./stops.ts";
import type { Sight, Verdict } from "./stops.ts";

/** Options of {@link createChunker}; lengths in UTF-16 code units, all with defaults. */
export interface ChunkerOptions {
  /** The first chunk may end at a clause boundary from this length on, so that speaking starts early. Default 24. */
  readonly firstMinChars?: number;
  /** Without a clause boundary, the first chunk may end before a conjunction (English, German) from here on. Default 40. */
  readonly firstSoftChars?: number;
  /** Longest first chunk. Default 100. */
  readonly firstMaxChars?: number;
  /** Later sentences shorter than this are joined with what follows: "Yes." alone sounds clipped. Default 12. */
  readonly minChars?: number;
  /** A later sentence that is longer than this is cut at its next clause boundary. Default 160. */
  readonly softChars?: number;
  /** Longest chunk; longer sentences are cut at a clause, else a space, else anywhere between characters. Default 250. */
  readonly maxChars?: number;
  /**
   * A token that whoever writes the text puts where a piece may be spoken, without white space and of at most
   * {@link LOOK_AHEAD_CHARS} characters. A chunk ends behind it and keeps it; tell `createSpeakable` of it too, and it is
   * not said. Inside a code fence it is code. None by default.
   */
  readonly separator?: string | undefined;
  /** What was cut already, up to the end of a chunk: the text goes on behind it, and is cut as if all of it had come here. */
  readonly after?: string | undefined;
}

/** A running chunker. */
export interface Chunker {
  /** Takes the next piece of text; gives the chunks that are now decided, most often none. */
  push(text: string): string[];
  /**
   * Nothing comes for a while, and nobody speaks: gives the first chunk as far as it is made of whole clauses, however short
   * they are; undefined while there is none, and after the first chunk. The only call on which it depends where it is cut.
   */
  hurry(): string | undefined;
  /** The text is over; gives the rest. The chunker is then as new. */
  end(): string[];
}

/** A fence is one chunk, so that it can be skipped or announced whole; beyond this it is cut at a line. */
const MAX_FENCE_CHARS = 4000;
/** Of the line a chunk begins in, as much as tells a list item. */
const LINE_START_CHARS = 16;

/** Code has no clauses. */
const OPEN_FENCE = /^\s*(?:```|~~~)/u;

interface Limits {
  readonly firstMinChars: number;
  readonly firstSoftChars: number;
  readonly firstMaxChars: number;
  readonly minChars: number;
  readonly softChars: number;
  readonly maxChars: number;
}

/** What the text before the buffer means for it. */
interface Context {
  readonly isFirst: boolean;
  /** The beginning of the line that the buffer goes on with; empty at a line start. */
  readonly line: string;
  /** The fence that the buffer is inside. */
  readonly fence: Fence | undefined;
}

interface Cut {
  readonly at: number;
  readonly fence: Fence | undefined;
}

const START: Context = { isFirst: true, line: "", fence: undefined };

const DEFAULTS: Limits = {
  firstMinChars: 24,
  firstSoftChars: 40,
  firstMaxChars: 100,
  minChars: 12,
  softChars: 160,
  maxChars: 250,
};

/** A new chunker. @throws RangeError when a length is not a whole number of at least 1, or the separator cannot be one. */
export function createChunker({ separator, after = "", ...lengths }: ChunkerOptions = {}): Chunker {
  const limits: Limits = { ...DEFAULTS, ...lengths };
  for (const [name, value] of Object.entries(limits)) {
    if (!Number.isInteger(value) || value < 1) throw new RangeError(`${name} must be a whole number of at least 1`);
  }
  if (separator !== undefined && (!/^\S+$/u.test(separator) || separator.length > LOOK_AHEAD_CHARS)) {
    throw new RangeError(`separator must be 1 to ${LOOK_AHEAD_CHARS} characters without white space`);
  }
  let buffer = "";
  let context = contextAfter(after);

  const take = ({ at, fence }: Cut): string => {
    const chunk = buffer.slice(0, at);
    buffer = buffer.slice(at);
    context = {
      isFirst: context.isFirst && chunk.trim() === "",
      line: lineAt(context.line, chunk, chunk.length),
      fence,
    };
    return chunk;
  };
  const drain = (final: boolean): string[] => {
    const chunks: string[] = [];
    for (;;) {
      const cut = findCut({ text: buffer, final }, context, limits, separator);
      if (cut === undefined || cut.at === 0) return chunks;
      chunks.push(take(cut));
    }
  };

  return {
    push(text) {
      buffer += text;
      return drain(false);
    },
    hurry() {
      if (!context.isFirst || context.fence !== undefined || OPEN_FENCE.test(buffer)) return undefined;
      const at = lastClause({ text: buffer, final: false });
      return at === undefined ? undefined : take({ at, fence: undefined });
    },
    end() {
      const chunks = drain(true);
      if (buffer !== "") chunks.push(buffer);
      buffer = "";
      context = START;
      return chunks;
    },
  };
}

/** What `text`, which was cut up to its end, means for what follows. */
function contextAfter(text: string): Context {
  if (text === "") return START;
  return { isFirst: text.trim() === "", line: lineAt("", text, text.length), fence: openFence(text) };
}

/** Behind the last clause that is certain to be one. */
function lastClause(sight: Sight): number | undefined {
  for (let at = sight.text.length - 1; at > 0; at--) {
    const verdict = judgeClause(sight, at);
    if (typeof verdict === "number" && /[\p{L}\p{N}]/u.test(sight.text.slice(0, at))) return verdict;
  }
  return undefined;
}

/** The first place to cut that is decided; undefined while there is none. */
function findCut(sight: Sight, context: Context, limits: Limits, separator: string | undefined): Cut | undefined {
  if (context.fence !== undefined) return cutFence(sight, 0, context.line === "", context.fence);
  const { text } = sight;
  const maxChars = context.isFirst ? limits.firstMaxChars : limits.maxChars;
  for (let at = 0; at < text.length; at++) {
    if (at >= maxChars) return { at: bestBreak(text, maxChars), fence: undefined };
    if (separator !== undefined && text[at] === separator[0]) {
      if (text.startsWith(separator, at)) return { at: at + separator.length, fence: undefined };
      if (!sight.final && separator.startsWith(text.slice(at))) return undefined;
    }
    if (at === 0 ? context.line === "" : text[at - 1] === "\n") {
      const opened = fenceAt(sight, at);
      if (opened === "wait") return undefined;
      if (opened !== "none") {
        const isAlone = text.slice(0, at).trim() === "";
        return isAlone ? cutFence(sight, at, false, opened.fence) : { at, fence: undefined };
      }
    }
    const verdict = judge(sight, at, context, limits);
    if (verdict === "wait") return undefined;
    if (verdict !== "none") return { at: Math.min(verdict, Math.max(maxChars, at + 1)), fence: undefined };
  }
  return undefined;
}

function judge(sight: Sight, at: number, context: Context, limits: Limits): Verdict {
  const { text } = sight;
  const char = text[at] ?? "";
  // A run of stops is judged once, at its first.
  const isBreak = char === "\n" || (isStop(char) && !isStop(text[at - 1] ?? ""));
  const length = text.slice(0, at + 1).trim().length;
  if (isBreak) {
    // Leading white space alone is never a chunk, and a first sentence may be as short as "Hi!".
    if (length < (context.isFirst ? 2 : limits.minChars)) return "none";
    const line = lineAt(context.line, text, at);
    return char === "\n" ? judgeNewline(sight, at, line) : judgeStop(sight, at, line);
  }
  if (length < (context.isFirst ? limits.firstMinChars : limits.softChars)) return "none";
  const clause = judgeClause(sight, at);
  return clause === "none" && context.isFirst && length >= limits.firstSoftChars ? judgeConjunction(sight, at) : clause;
}

/** Cuts behind the fence that is open at `from`; `isLineStart` when its closing line may be right there. */
function cutFence(sight: Sight, from: number, isLineStart: boolean, fence: Fence): Cut | undefined {
  const { text } = sight;
  const nextLine = (after: number): number => text.indexOf("\n", after) + 1 || Number.POSITIVE_INFINITY;
  for (let at = isLineStart ? from : nextLine(from); at <= MAX_FENCE_CHARS; at = nextLine(at)) {
    const end = fenceEnd(sight, at, fence);
    if (end === "wait") return undefined;
    if (end !== "none") return { at: end, fence: undefined };
  }
  if (text.length <= MAX_FENCE_CHARS) return undefined;
  const lastLine = text.lastIndexOf("\n", MAX_FENCE_CHARS - 1) + 1;
  return { at: lastLine > from ? lastLine : characterBreak(text, MAX_FENCE_CHARS), fence };
}

/** The line that `text` up to `at` ends in, from its start, `before` being what came before `text`. */
function lineAt(before: string, text: string, at: number): string {
  const start = at === 0 ? 0 : text.lastIndexOf("\n", at - 1) + 1;
  const line = text.slice(start, Math.min(at, start + LINE_START_CHARS));
  return start === 0 ? (before + line).slice(0, LINE_START_CHARS) : line;
}

/** Where to cut at most `maxChars` of `text`, which is longer: behind a clause, behind a space, between characters. */
function bestBreak(text: string, maxChars: number): number {
  let space = 0;
  for (let at = maxChars; at > 0; at--) {
    if (!isSpace(text[at - 1] ?? "")) continue;
    if (space === 0) space = at;
    if (at <= maxChars / 2) break;
    if (/[,;:—–)]/u.test(text[at - 2] ?? "")) return at;
  }
  return space > 0 ? space : characterBreak(text, maxChars);
}

/** `at` or a little before, so that no surrogate pair, accent or joined emoji is torn. */
function characterBreak(text: string, at: number): number {
  const isTorn = (place: number): boolean =>
    /\u{200d}|\p{M}/u.test(text[place] ?? "") || text[place - 1] === "\u200d" || isLow(text, place);
  let place = at;
  while (place > 1 && at - place < 16 && isTorn(place)) place--;
  if (isTorn(place)) place = at;
  return isLow(text, place) ? place + 1 : place;
}

function isLow(text: string, at: number): boolean {
  const unit = text.charCodeAt(at);
  return unit >= 0xdc00 && unit <= 0xdfff;
}
