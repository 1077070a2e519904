/** What a transcription server answers, read with care: it is a stranger. */
import { LONGEST_STREAM_MS, type HeardWord, type Transcript } from "@parley/audio/engines";
import { languageNamed } from "@parley/audio/turn";
import { z } from "zod";

/** No word is said later than speech may last. */
const seconds = z
  .number()
  .min(0)
  .max(LONGEST_STREAM_MS / 1000);

/**
 * The API's `verbose_json`; `json` is the same with `text` alone. Words and segments that are not as they should be are
 * passed over: the text is what counts.
 */
const answerSchema = z.object({
  text: z.string().max(100_000),
  language: z.string().max(100).optional().catch(undefined),
  words: z
    .array(z.object({ word: z.string().max(1000), start: seconds, end: seconds }))
    .max(20_000)
    .optional()
    .catch(undefined),
  segments: z
    .array(z.object({ text: z.string(), avg_logprob: z.number().max(0) }))
    .max(20_000)
    .optional()
    .catch(undefined),
});

/** The transcript in an answer; undefined when it is none. `language` is what was asked for. */
export function readAnswer(value: unknown, language: string): Omit<Transcript, "realTimeFactor"> | undefined {
  const parsed = answerSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { text, words, segments } = parsed.data;
  return {
    text: text.trim(),
    language: tagOf(parsed.data.language) ?? language,
    words: wordsOf(words ?? []),
    confidence: confidenceOf(segments ?? []),
  };
}

/** Undefined when there are none, or they are not in order. */
function wordsOf(given: readonly { readonly word: string; readonly start: number; readonly end: number }[]) {
  const words: HeardWord[] = [];
  for (const { word, start, end } of given) {
    if (start * 1000 < (words.at(-1)?.startMs ?? 0) || end < start) return undefined;
    words.push({ text: word.trim(), startMs: start * 1000, endMs: end * 1000 });
  }
  return words.length === 0 ? undefined : words;
}

/** The mean probability of a token, weighted by what was said. */
function confidenceOf(segments: readonly { readonly text: string; readonly avg_logprob: number }[]) {
  let [sum, chars] = [0, 0];
  for (const { text, avg_logprob } of segments) {
    sum += text.length * avg_logprob;
    chars += text.length;
  }
  return chars === 0 ? undefined : Math.exp(sum / chars);
}

/** `english` as `en`, a tag as itself. The API gives names where most servers give tags. */
function tagOf(language: string | undefined): string | undefined {
  if (language === undefined || language === "") return undefined;
  if (/^[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*$/.test(language)) return language;
  return languageNamed(language);
}
