/** Some turns of a thread, as they are written down under one key. */
import * as z from "zod";
import type { Exchange, KeptTurn, NewTurn } from "./port.ts";

/** A part that is longer than this takes no more turns: each turn writes its part anew. */
export const PART_BYTES = 8_192;
/** What is kept of a question, and of an answer; the rest is cut. */
export const MAX_TEXT_CHARS = 8_000;

const name = z.string().min(1).max(256);
const text = z.string().max(MAX_TEXT_CHARS + 1);

const partSchema = z.object({
  v: z.literal(1),
  account: name,
  thread: name,
  turns: z
    .array(
      z.object({
        id: name,
        at: z.number(),
        q: text,
        a: text,
        /** Cut short by whom it was for. */
        cut: z.boolean().optional(),
      }),
    )
    .min(1)
    .max(1_024),
});
type WrittenPart = z.output<typeof partSchema>;

/** A part that was read. */
export interface Part {
  readonly account: string;
  readonly threadId: string;
  readonly turns: readonly KeptTurn[];
}

/** The bytes of `turns`, of which there is at least one. */
export function encodePart(account: string, threadId: string, turns: readonly (KeptTurn | NewTurn)[]): Uint8Array {
  const part: WrittenPart = {
    v: 1,
    account,
    thread: threadId,
    turns: turns.map(({ id, atMs, question, answer, wasInterrupted }) => ({
      id,
      at: atMs,
      q: shortened(question),
      a: shortened(answer),
      ...(wasInterrupted ? { cut: true } : {}),
    })),
  };
  return new TextEncoder().encode(JSON.stringify(part));
}

/** Undefined for what this version cannot read, and for what is of another account than `wanted`. */
export function decodePart(value: Uint8Array, wanted?: string): Part | undefined {
  let given: unknown;
  try {
    given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(value));
  } catch {
    // No JSON, or no UTF-8: no part.
    return undefined;
  }
  const parsed = partSchema.safeParse(given);
  if (!parsed.success) return undefined;
  const { account, thread: threadId, turns } = parsed.data;
  if (wanted !== undefined && account !== wanted) return undefined;
  return {
    account,
    threadId,
    turns: turns.map(({ id, at, q, a, cut = false }) => ({
      id,
      threadId,
      atMs: at,
      question: q,
      answer: a,
      wasInterrupted: cut,
    })),
  };
}

/** Whether `one` is more of the same turn, whose answer was cut at one peer and may have been gone on with at another. */
export function isFuller(one: Exchange, known: Exchange): boolean {
  return known.wasInterrupted && (!one.wasInterrupted || one.answer.length > known.answer.length);
}

function shortened(given: string): string {
  const whole = given.toWellFormed();
  return whole.length <= MAX_TEXT_CHARS ? whole : `${whole.slice(0, MAX_TEXT_CHARS).toWellFormed()}…`;
}
