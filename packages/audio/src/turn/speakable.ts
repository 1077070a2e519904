/**
 * From written text to what is said: markdown marks, emoji, code and the tails of URLs are for the eye. Pure; meant for
 * the chunks of `createChunker`.
 */

/** Options of {@link speakable} and {@link createSpeakable}. */
export interface SpeakableOptions {
  /** Said once in place of a block of code, in the listener's language; nothing when absent. */
  readonly codePhrase?: string;
}

/** What to say for one text that stands for itself. Empty when there is nothing to say. */
export function speakable(text: string, options: SpeakableOptions = {}): string {
  return createSpeakable(options)(text);
}

/**
 * {@link speakable} over the chunks of one text, in order: remembers between them that a block of code is open, which a
 * chunk from the middle of a very long one does not show.
 */
export function createSpeakable(options: SpeakableOptions = {}): (chunk: string) => string {
  let fence: "`" | "~" | undefined;
  let isLineStart = true;
  return (chunk) => {
    const said: string[] = [];
    for (const [index, line] of chunk.split("\n").entries()) {
      const mark = index > 0 || isLineStart ? /^ {0,3}(```|~~~)/u.exec(line)?.[1]?.[0] : undefined;
      if (mark !== undefined && (fence === undefined || fence === mark)) {
        if (fence === undefined && options.codePhrase !== undefined) said.push(options.codePhrase);
        fence = fence === undefined && (mark === "`" || mark === "~") ? mark : undefined;
      } else if (fence === undefined) {
        said.push(sayLine(line));
      }
    }
    isLineStart = chunk === "" ? isLineStart : chunk.endsWith("\n");
    const text = said.join(" ").replaceAll(/\s+/gu, " ").trim();
    return /[\p{L}\p{N}]/u.test(text) ? text : "";
  };
}

function sayLine(written: string): string {
  // One space at most in a row from here on, which keeps every pattern below linear.
  const line = written.replaceAll(/\s+/gu, " ").trim();
  if (/^([-*_] ?){3,}$/u.test(line) || /^\|?( ?:?-+:? ?\|)+ ?(:?-+:?)?$/u.test(line)) return "";
  const isRow = /^\|.*\|$/u.test(line);
  const flat = isRow ? line.slice(1, -1).split("|").join(", ") : line;
  const item = /^([-*+•]|#{1,6}|\d{1,3}[.)]) /u.test(flat);
  const said = plainInline(flat.replace(/^(> ?)+/u, "").replace(/^([-*+•]|#{1,6}) (\[[ xX]\] )?/u, ""));
  // An item or heading without a stop of its own would run into the next line.
  return (item || isRow) && /[\p{L}\p{N})\]"'”’]$/u.test(said) ? `${said}.` : said;
}

function plainInline(line: string): string {
  return line
    .replaceAll(/!?\[([^[\]]{0,500})\]\([^()\s]{0,2000}( "[^"]{0,500}")?\)/gu, "$1")
    .replaceAll(/<(https?:\/\/[^<>\s]{1,2000})>/giu, "$1")
    .replaceAll(/<\/?[a-z][^<>]{0,500}>/giu, " ")
    .replaceAll(/(?:https?:\/\/|\bwww\.)[^\s<>()[\]"”»]+/giu, sayUrl)
    .replaceAll(/\\([\\`*_{}[\]()#+\-.!|>~])/gu, "$1")
    .replaceAll(EMOJI, " ")
    .replaceAll(/`+/gu, "")
    .replaceAll(/\*\*|__|~~/gu, "")
    .replaceAll(/(^|[\s("“'])[*_]+(?=\S)/gu, "$1")
    .replaceAll(/(?<=\S)[*_]+(?=$|[\s.,;:!?)"”'])/gu, "")
    .replaceAll(/\s+([.,;:!?])(?=\s|$)/gu, "$1")
    .replaceAll(/\s+/gu, " ")
    .trim();
}

/** Pictures, flags, keycaps, skin tones, joiners; not ©, digits or arrows as plain text. */
const EMOJI =
  /(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\u{fe0f}|[#*0-9]\u{fe0f}?\u{20e3}|[\u{1f000}-\u{1faff}\u{2600}-\u{27bf}\u{e0020}-\u{e007f}]|\u{200d}|\u{fe0f}|\u{20e3})+/gu;

/** The host alone, with the sentence's own stop left where it was. */
function sayUrl(url: string): string {
  const tail = /[.,;:!?*_~`']*$/u.exec(url)?.[0] ?? "";
  const host = /^(?:https?:\/\/)?(?:[^/@]*@)?(?:www\.)?([^/?#:]+)/iu.exec(url.slice(0, url.length - tail.length))?.[1];
  return (host ?? "") + tail;
}
