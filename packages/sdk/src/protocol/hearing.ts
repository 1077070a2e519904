/** How speech is heard, and what is told of it. */
import * as z from "zod/mini";

/** Hot words of one request, and the length of each. */
export const MAX_HOT_WORDS = 100;
export const MAX_HOT_WORD_CHARS = 64;

/** BCP 47, of at most 35 characters (RFC 5646, 4.4.1). */
export const languageTag = z.string().check(z.maxLength(35), z.regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/));

/** How speech is heard. */
export const hearingManner = {
  /** `command`: plain words, likely ones put right. `dictation`: marks are spoken. Sentences as they are said when absent. */
  hearing: z.optional(z.enum(["command", "dictation"])),
  /** Names and words that are likely. */
  hotWords: z.optional(
    z.array(z.string().check(z.maxLength(MAX_HOT_WORD_CHARS), z.regex(/\S/))).check(z.maxLength(MAX_HOT_WORDS)),
  ),
};

/** A word that was heard; its end and how sure it is only from engines that tell them. */
const heardWord = z.object({
  text: z.string(),
  startMs: z.number(),
  endMs: z.optional(z.number()),
  confidence: z.optional(z.number()),
});

/** What is told of a whole stretch of speech. Times count from the first sample of the audio. */
export const segmentShape = {
  segment: z.number(),
  /** Written as its `hearing` wants it. */
  text: z.string(),
  /** As the recogniser wrote it. */
  verbatim: z.optional(z.string()),
  /** Where the voice was. */
  startMs: z.number(),
  endMs: z.number(),
  /** BCP 47 tag of the language that was recognised. */
  language: z.optional(z.string()),
  /** 0 to 1; only from engines that tell it. */
  confidence: z.optional(z.number()),
  /** Of `verbatim`; only from engines that tell when words are said. */
  words: z.optional(z.array(heardWord)),
};
