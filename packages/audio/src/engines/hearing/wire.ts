/** What a recogniser in another process says, checked on receipt. */
import { z } from "zod";
import { LONGEST_HOT_WORD_CHARS, LONGEST_STREAM_MS, MOST_HOT_WORDS } from "../contracts.ts";

const LONGEST_TEXT_CHARS = 100_000;
const MOST_WORDS = 20_000;

/** Recognisers look a little beyond the end of what they were given. */
const timeMs = z
  .number()
  .min(0)
  .max(LONGEST_STREAM_MS + 60_000);
const confidence = z.number().min(0).max(1).optional();

const word = z
  .object({ text: z.string().max(1000), startMs: timeMs, endMs: timeMs.optional(), confidence })
  .refine(({ startMs, endMs }) => endMs === undefined || endMs >= startMs, "a word ends before it begins");

export const transcriptSchema = z.object({
  text: z.string().max(LONGEST_TEXT_CHARS),
  language: z.string().max(100),
  realTimeFactor: z.number().min(0),
  confidence,
  words: z
    .array(word)
    .max(MOST_WORDS)
    .refine((words) => words.every(({ startMs }, at) => startMs >= (words[at - 1]?.startMs ?? 0)), "words out of order")
    .optional(),
});

export const partialSchema = z.object({ text: z.string().max(LONGEST_TEXT_CHARS), throughMs: timeMs });

/** How something is to be heard, as it crosses into the engine's process. */
const mannerSchema = z.object({
  mode: z.enum(["command", "dictation"]).optional(),
  hotWords: z.array(z.string().min(1).max(LONGEST_HOT_WORD_CHARS)).max(MOST_HOT_WORDS).optional(),
  language: z.string().max(100).optional(),
});

/** Parameters of the methods `transcribe` and `stream`. */
export const transcribeParams = mannerSchema.extend({ samples: z.instanceof(Float32Array) });
export const streamParams = mannerSchema.extend({ partials: z.boolean().optional() });
