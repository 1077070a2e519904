/** Work that outlives the peer that has it: its client names it, and tells the next peer what it has of it already. */
import * as z from "zod/mini";
import { shortText } from "./shapes.ts";

/** Longest answer that is gone on with, in characters; a longer one that is cut off stays so. */
export const MAX_SO_FAR_CHARS = 60_000;

const place = z.int().check(z.gte(0), z.lte(1_000_000_000));

/** What a client has of an answer that was cut. Places are UTF-16 units of what is written. */
export const soFarSchema = z.object({
  /** What is answered, once that is certain. */
  question: z.optional(z.string().check(z.minLength(1), z.maxLength(20_000))),
  /** All `text` that came. */
  text: z.string().check(z.maxLength(MAX_SO_FAR_CHARS)),
  /** The `to` of the last sentence whose sound came to its end, 0 when none did; or the `from` of one whose sound was cut. */
  spoken: place,
  /** The number of the sentence that is to be said next, or of the one that was cut. */
  index: place,
  /** How much of the cut sentence's sound came. */
  heardMs: z.number().check(z.gte(0)),
  /** The `length` that was told last: where that is the text's, nobody has to think about the rest. */
  length: z.optional(place),
  /** Of a turn of a conversation: what its `question` was told to be called. No tool of it runs twice, whoever goes on with it. */
  turnId: z.optional(shortText),
});
export type SoFar = z.infer<typeof soFarSchema>;

/** How work is named and gone on with. */
export const resumeManner = {
  /** The same at every peer that is asked for the same piece of work: it is done once, and no tool of it runs twice. */
  workId: z.optional(shortText),
  /** Absent where nothing of an answer came. */
  soFar: z.optional(soFarSchema),
};

/** An answer that another client of the same account had begun to hear or read, for whoever goes on with it. */
export const cutAnswerSchema = z.object({
  /** Names the work: asked for by this name, it is gone on with, and not done twice. */
  workId: shortText,
  kind: z.enum(["ask", "talk"]),
  question: z.string().check(z.minLength(1), z.maxLength(20_000)),
  /** All of it that there was. */
  text: z.string().check(z.maxLength(MAX_SO_FAR_CHARS)),
  /** Where the first sentence begins that the other client had not played to its end, and its number. */
  spoken: place,
  index: place,
  privacy: z.optional(z.enum(["host", "house"])),
});
export type CutAnswer = z.infer<typeof cutAnswerSchema>;

/** What a client finds that takes up a session of its account. */
export const continuedSchema = z.object({
  /** Who was there last. */
  clientId: z.optional(shortText),
  /** Questions and conversations so far. */
  turns: z.int().check(z.gte(0)),
  /** What was being answered; absent where nothing was. */
  answer: z.optional(cutAnswerSchema),
});
export type Continued = z.infer<typeof continuedSchema>;

/** Of the whole answer, once that is known: with an empty piece of `text` as soon as it is. Some of it may still be on its way. */
export const answerLength = { length: z.optional(place) };

/** Where a sentence stands in the answer: what is written from `from` to before `to`. */
export const sentencePlace = { from: z.optional(place), to: z.optional(place), ...answerLength };
