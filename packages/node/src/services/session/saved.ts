/** What a session knows between its turns, as it is kept for whoever wakes it elsewhere. */
import * as z from "zod";
import { HAND_OVERS_MAX, handOverSchema } from "./hand-over.ts";
import type { ToolOutcome } from "../../assistant/tools/tool.ts";
import { TOOL_FAILURES } from "../../assistant/tools/tool.ts";
import { turnDetails, type CutTurn } from "./turn-log.ts";

const text = z.string().max(64 * 1024);
const name = z.string().min(1).max(256);
const privacy = z.enum(["host", "house"]).optional();

const exchange = z.object({
  question: text,
  answer: text,
  wasInterrupted: z.boolean(),
  privacy,
  id: name.optional(),
  atMs: z.number().optional(),
});
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
  /** Of timers that do not run any more. */
  past: z.array(z.string().max(1_100)).max(64).optional(),
});

/** What is thought with. */
export type SavedMind = z.output<typeof mind>;

const outcome: z.ZodType<ToolOutcome> = z.discriminatedUnion("ok", [
  z.object({ ok: z.literal(true), result: text }),
  z.object({ ok: z.literal(false), code: z.enum(TOOL_FAILURES).catch("failed"), message: text }),
]);
const place = z.int().min(0).max(1_000_000);
const key = z.string().min(1).max(1_024);

/** A turn that was cut, or has ended lately. */
const turn = z.object({
  about: z.object({
    workId: key,
    kind: z.enum(["ask", "talk"]),
    privacy,
    language: z.string().max(64).optional(),
    thread: name.optional(),
    details: turnDetails,
  }),
  question: text,
  text,
  calls: z
    .array(z.object({ at: place, written: text, name: name.optional().transform((given) => given), outcome }))
    .max(64),
  recalled: z.array(z.object({ key, name, outcome: outcome.optional() })).max(256),
  sentences: z.array(place.nullable().transform((at) => at ?? 0)).max(4_096),
  heard: z.int().min(-1),
  isOver: z.boolean().optional(),
});

export const savedSession = z.object({
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
  /** Turns that a client may ask for once more, the latest last. */
  kept: z.array(turn).max(32).optional().catch(undefined),
  /** Whether what is said is kept beyond the session, and where its client is. */
  remembers: z.boolean().optional(),
  timeZone: z.string().max(128).optional(),
});

export type SavedSession = z.output<typeof savedSession>;

/** Whose it is, and where it is and was. */
export type SavedPlace = Omit<SavedSession, "turns" | "mind">;

/** Undefined where it is none, or of newer software. Never throws. */
export function readSavedSession(value: unknown): SavedSession | undefined {
  return savedSession.safeParse(value).data;
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

/** What was known between turns, with what has changed in the last one: JSON as text. */
export function mindWith(saved: SavedSession | undefined, state: string | undefined): SavedMind {
  const changed = state === undefined ? undefined : readSavedMind(state);
  const { strands = [], ...rest } = saved?.mind ?? { timers: [] };
  return { ...(changed ?? rest), strands };
}

/** Of an answer that is longer than this, its end is what the next question is about. */
const MOST_CHARS = 4_000;
/** All that is kept of one session. */
const MOST_EXCHANGES_CHARS = 20_000;

/** As much of a mind as fits, its own conversation first, the latest exchanges first. */
export function fitted({ strands, ...others }: SavedMind): SavedMind {
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
  return { strands: kept.filter(({ exchanges }) => exchanges.length > 0), ...others };
}

/** Bytes, as JSON, of the turns that are kept beside a mind. */
const MOST_TURNS_BYTES = 32 * 1024;

/**
 * As much of the turns as fits, the latest first. Of one that does not fit, what its tools did: of what was said in it, its client
 * has what it had.
 */
export function fittedTurns(turns: readonly CutTurn[]): NonNullable<SavedSession["kept"]> {
  let left = MOST_TURNS_BYTES;
  const kept: NonNullable<SavedSession["kept"]> = [];
  for (const each of turns.toReversed()) {
    const short = {
      ...each,
      text: "",
      calls: [],
      sentences: [],
      heard: -1,
      isOver: each.isOver === undefined ? undefined : false,
    };
    const fitting = [each, short].find((form) => bytesOf(form) <= left);
    if (fitting === undefined) break;
    left -= bytesOf(fitting);
    const { calls, recalled, sentences } = fitting;
    kept.unshift({
      ...fitting,
      calls: calls.map(({ name: called, ...call }) => ({ ...call, name: called })),
      recalled: recalled.map(({ outcome: came, ...call }) => ({
        ...call,
        ...(came === undefined ? {} : { outcome: came }),
      })),
      sentences: [...sentences].map((at: number | undefined) => at ?? 0),
    });
  }
  return kept;
}

function bytesOf(value: unknown): number {
  return Buffer.byteLength(JSON.stringify(value));
}

/** For {@link Turns}. */
export function turnsOf(saved: SavedSession | undefined): readonly CutTurn[] {
  return (saved?.kept ?? []).map(({ calls, recalled, ...turn }) => ({
    ...turn,
    calls: calls.map((call) => ({ ...call, name: call.name })),
    recalled: recalled.map((call) => ({ ...call, outcome: call.outcome })),
  }));
}
