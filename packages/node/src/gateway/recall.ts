/** What is remembered, as a QUERY `recall_memory` asks for it. */
import * as z from "zod";
import { PeerError } from "../errors.ts";
import type { KeptTurn, Memory, MemoryFound } from "../services/memory/port.ts";
import type { MemoryPort, RecallQuery } from "./queries.ts";

/** Milliseconds since 1970, or a date as ISO 8601 writes it. */
const instant = z.union([z.number().min(0), z.iso.datetime({ offset: true }), z.iso.date()]);
/** The part of a query's `filter` that is understood. */
const filterSchema = z.strictObject({
  threadId: z.string().max(128).optional(),
  from: instant.optional(),
  before: instant.optional(),
  offset: z.int().min(0).max(1_000_000).optional(),
});

/** Turns before and behind one that was found. */
const CONTEXT_TURNS = 2;

export function recallPort(memory: Memory): MemoryPort {
  return {
    async recall({ account, query, limit, filter, includeContext, signal }: RecallQuery) {
      const parsed = filterSchema.safeParse(filter);
      if (!parsed.success) {
        const nextStep = "It may hold threadId, from and before (milliseconds or ISO 8601), and offset.";
        throw new PeerError("usage", "the filter of recall_memory cannot be read", { nextStep });
      }
      const { threadId, from, before, offset } = parsed.data;
      const asked = { text: query, threadId, fromMs: msOf(from), beforeMs: msOf(before), limit, offset };
      const { found } = await memory.search(account, asked, signal);
      return {
        hits: found.map(({ turn, score }) => ({
          id: turn.id,
          text: `${turn.question}\n${turn.answer}`,
          score,
          threadId: turn.threadId,
          timestamp: turn.atMs,
        })),
        sources: found.map((each) => sourceOf(memory, account, each, includeContext)),
      };
    },
  };
}

function sourceOf(
  memory: Memory,
  account: string,
  { turn, snippet }: MemoryFound,
  includeContext: boolean,
): Readonly<Record<string, unknown>> {
  const source = { type: "thread", id: turn.id, threadId: turn.threadId, timestamp: turn.atMs, snippet };
  return includeContext ? { ...source, context: around(memory, account, turn) } : source;
}

/** What was said before and behind it in its thread. */
function around(memory: Memory, account: string, { id, threadId }: KeptTurn): readonly unknown[] {
  const turns = memory.read(account, threadId, { limit: Infinity });
  const at = turns.findIndex((turn) => turn.id === id);
  const near = turns.slice(Math.max(0, at - CONTEXT_TURNS), at + CONTEXT_TURNS + 1).filter((turn) => turn.id !== id);
  return near.map(({ question, answer, atMs }) => ({ question, answer, timestamp: atMs }));
}

function msOf(given: number | string | undefined): number | undefined {
  return typeof given === "string" ? Date.parse(given) : given;
}
