/**
 * From written text to what is said: markdown marks, emoji, code and the tails of URLs are for the eye, and numbers, dates,
 * amounts and abbreviations are written as they are said. Pure; meant for the chunks of `createChunker`.
 */
import { isClosedBy, openedBy, type Fence } from "../fences.ts";
import { readAloud } from "./reading.ts";
import { spokenOf } from "./spoken.ts";
import type { Spoken } from "./spoken.ts";
import { joinTraced, part, replaceAll, rewrite, standingFor, tidySpaces, traced } from "./traced.ts";
import type { Traced } from "./traced.ts";

/** Options of {@link speakable} and {@link createSpeakable}. */
export interface SpeakableOptions {
  /** Said once in place of a block of code, in the listener's language; nothing when absent. */
  readonly codePhrase?: string;
  /**
   * BCP 47 tag of the voice. English and German numbers, dates, amounts, units and abbreviations are put into words; in
   * other languages, and when absent, they stay as they are written.
   */
  readonly language?: string | undefined;
  /** The chunker's separator, which is not said. */
  readonly separator?: string | undefined;
}

/** What to say for one text that stands for itself. Empty when there is nothing to say. */
export function speakable(text: string, options: SpeakableOptions = {}): string {
  return createSpeakable(options)(text).text;
}

/**
 * {@link speakable} over the chunks of one text, in order, with the way back to what was written. It remembers between
 * chunks that a block of code is open, which a chunk from the middle of a very long one does not show.
 */
export function createSpeakable(options: SpeakableOptions = {}): (chunk: string) => Spoken {
  const { codePhrase, language, separator = "" } = options;
  const mark = separator === "" ? undefined : new RegExp(separator.replaceAll(/[^\p{L}\p{N}]/gu, escaped), "dgu");
  let fence: Fence | undefined;
  let isLineStart = true;
  return (chunk) => {
    const said: Traced[] = [];
    let start = 0;
    for (const [index, line] of chunk.split("\n").entries()) {
      const isWholeLine = index > 0 || isLineStart;
      const opened = isWholeLine && fence === undefined ? openedBy(line) : undefined;
      if (opened !== undefined) {
        if (codePhrase !== undefined) said.push(standingFor(codePhrase, start, start + line.length));
        fence = opened;
      } else if (fence !== undefined) {
        if (isWholeLine && isClosedBy(line, fence)) fence = undefined;
      } else {
        const whole = traced(line, start);
        said.push(sayLine(mark === undefined ? whole : replaceAll(whole, mark, " ")));
      }
      start += line.length + 1;
      said.push(standingFor(" ", Math.min(start, chunk.length) - 1, Math.min(start, chunk.length)));
    }
    isLineStart = chunk === "" ? isLineStart : chunk.endsWith("\n");
    const text = tidySpaces(readAloud(tidySpaces(joinTraced(said)), language));
    return spokenOf(/[\p{L}\p{N}]/u.test(text.text) ? text : standingFor("", 0, 0), chunk);
  };
}

function escaped(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

function sayLine(written: Traced): Traced {
  // One space at most in a row from here on, which keeps every pattern below linear.
  const line = tidySpaces(written);
  if (/^([-*_] ?){3,}$/u.test(line.text) || /^\|?( ?:?-+:? ?\|)+ ?(:?-+:?)?$/u.test(line.text)) return part(line, 0, 0);
  const isRow = /^\|.*\|$/u.test(line.text);
  const flat = isRow ? replaceAll(part(line, 1, line.text.length - 1), /\|/dgu, ", ") : line;
  const item = /^([-*+•]|#{1,6}|\d{1,3}[.)]) /u.test(flat.text);
  const unquoted = replaceAll(flat, /^(?:> ?)+/dgu, "");
  const said = plainInline(replaceAll(unquoted, /^(?:[-*+•]|#{1,6}) (?:\[[ xX]\] )?/dgu, ""));
  // An item or heading without a stop of its own would run into the next line.
  if (!(item || isRow) || !/[\p{L}\p{N})\]"'”’]$/u.test(said.text)) return said;
  const end = said.to.at(-1) ?? 0;
  return joinTraced([said, standingFor(".", end, end)]);
}

function plainInline(written: Traced): Traced {
  let line = rewrite(written, /!?\[([^[\]]{0,500})\]\([^()\s]{0,2000}(?: "[^"]{0,500}")?\)/dgu, () => [1]);
  line = rewrite(line, /<(https?:\/\/[^<>\s]{1,2000})>/dgiu, () => [1]);
  line = replaceAll(line, /<\/?[a-z][^<>]{0,500}>/dgiu, " ");
  line = rewrite(line, /(?:https?:\/\/|\bwww\.)[^\s<>()[\]"”»]+/dgiu, ([url]) => [sayUrl(url)]);
  line = rewrite(line, /\\([\\`*_{}[\]()#+\-.!|>~])/dgu, () => [1]);
  line = replaceAll(line, EMOJI, " ");
  line = replaceAll(line, /`+/dgu, "");
  line = replaceAll(line, /\*\*|__|~~/dgu, "");
  line = rewrite(line, /(^|[\s("“'])[*_]+(?=\S)/dgu, () => [1]);
  line = replaceAll(line, /(?<=\S)[*_]+(?=$|[\s.,;:!?)"”'])/dgu, "");
  return tidySpaces(rewrite(line, /\s+([.,;:!?])(?=\s|$)/dgu, () => [1]));
}

/** Pictures, flags, keycaps, skin tones, joiners; not ©, digits or arrows as plain text. */
const EMOJI =
  /(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\u{fe0f}|[#*0-9]\u{fe0f}?\u{20e3}|[\u{1f000}-\u{1faff}\u{2600}-\u{27bf}\u{e0020}-\u{e007f}]|\u{200d}|\u{fe0f}|\u{20e3})+/dgu;

/** The host alone, with the sentence's own stop left where it was. */
function sayUrl(url: string): string {
  const tail = /[.,;:!?*_~`']*$/u.exec(url)?.[0] ?? "";
  const host = /^(?:https?:\/\/)?(?:[^/@]*@)?(?:www\.)?([^/?#:]+)/iu.exec(url.slice(0, url.length - tail.length))?.[1];
  return (host ?? "") + tail;
}
