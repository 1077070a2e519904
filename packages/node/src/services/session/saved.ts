/** What a session knows between its turns, as it is kept for whoever wakes it elsewhere. */
import * as z from "zod";
import { HAND_OVERS_MAX, handOverSchema } from "./hand-over.ts";

const text = z.string().max(64 * 1024);
const name = z.string().min(1).max(256);
const privacy = z.enum(["host", "house"]).optional();

const exchange = z.object({ question: text, answer: text, wasInterrupted: z.boolean(), privacy });
const timer = z.object({
  id: name,
  label: z.string().max(256),
  setAtMs: z.number(),
  endsAtMs: z.number(),
  privacy,
  key: z.string().max(1_024),
});
const mind = z.object({
  /** Its own conversation, and those of the threads that its client has named. */
  strands: z.array(z.object({ threadId: name.optional(), exchanges: z.array(exchange).max(64) })).max(32),
  timers: z.array(timer).max(64),
});

/** What is thought with. */
export type SavedMind = z.output<typeof mind>;

const session = z.object({
  /** Whose it is. */
  account: name,
  clientId: name,
  /** Where it lived when this was kept, and through which peer its client came last. */
  host: name.optional(),
  entry: name.optional(),
  /** Newer software may know of other reasons: a session is not lost for that. */
  handOvers: z.array(handOverSchema).max(HAND_OVERS_MAX).optional().catch(undefined),
  /** Questions and conversations so far. */
  turns: z.int().min(0),
  mind,
});

export type SavedSession = z.output<typeof session>;

/** Whose it is, and where it is and was. */
export type SavedPlace = Omit<SavedSession, "turns" | "mind">;

/** Undefined where it is none, or of newer software. Never throws. */
export function readSavedSession(value: unknown): SavedSession | undefined {
  return session.safeParse(value).data;
}

/** As JSON; undefined where it is none. Never throws. */
export function readSavedMind(json: string): SavedMind | undefined {
  try {
    return mind.safeParse(JSON.parse(json)).data;
  } catch {
    // Not JSON.
    return undefined;
  }
}

/** Of an answer that is longer than this, its end is what the next question is about. */
const MOST_CHARS = 4_000;
/** All that is kept of one session. */
const MOST_EXCHANGES_CHARS = 20_000;

/** As much of a mind as fits, its own conversation first, the latest exchanges first. */
export function fitted({ strands, timers }: SavedMind): SavedMind {
  let left = MOST_EXCHANGES_CHARS;
  const kept = strands.map(({ exchanges, ...strand }) => {
    const fitting: SavedMind["strands"][number]["exchanges"] = [];
    for (const each of exchanges.toReversed()) {
      const short = { ...each, question: each.question.slice(-MOST_CHARS), answer: each.answer.slice(-MOST_CHARS) };
      left -= short.question.length + short.answer.length;
      if (left < 0) break;
      fitting.unshift(short);
    }
    return { ...strand, exchanges: fitting };
  });
  return { strands: kept.filter(({ exchanges }) => exchanges.length > 0), timers };
}
