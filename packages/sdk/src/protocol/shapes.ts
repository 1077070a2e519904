/** Shapes that several messages share. */
import * as z from "zod/mini";
import { MAX_MEMBERSHIPS, MAX_NAME_CHARS } from "./limits.ts";

/** A name: of a client, a group, a channel, a command … */
export const shortText = z.string().check(z.minLength(1), z.maxLength(MAX_NAME_CHARS));

/** Data that the protocol carries and does not look at. */
export const freeData = z.record(z.string(), z.unknown());

/** Names without repetition are not asked for: who joins twice has joined. */
export const names = z.array(shortText).check(z.maxLength(MAX_MEMBERSHIPS));

/** Milliseconds since 1970. */
export const instant = z.number().check(z.nonnegative());

/** What failed inside something that was asked for: a code for programs, a sentence, and what to do next. */
export const failure = z.object({
  code: shortText,
  message: z.string(),
  nextStep: z.string(),
});
/** A failure as it crosses the wire. */
export type WireFailure = z.infer<typeof failure>;
