/** A session, for people who look: what it does and where it is, and nothing that was said. */
import * as z from "zod";
import type { JournalPosition } from "../../cluster/journal/port.ts";
import { HAND_OVERS_MAX, handOverSchema, type HandOver } from "./hand-over.ts";

/** What a session does. `cut`: an answer was cut off, and waits for its client to come for the rest. */
export const sessionDoings = ["idle", "asking", "talking", "cut"] as const;
export type SessionDoing = (typeof sessionDoings)[number];

export interface SessionReport {
  readonly sessionId: string;
  /** The peer where it lives. */
  readonly host: string;
  /** Undefined, as all that follows from it, until somebody has come. */
  readonly account: string | undefined;
  /** Who came last. */
  readonly clientId: string | undefined;
  /** Milliseconds since 1970, by the clock of its host: since when it lives there. */
  readonly sinceMs: number;
  /** Questions, conversations and what was said in them. */
  readonly turns: number;
  readonly doing: SessionDoing;
  /** Timers that run. */
  readonly timers: number;
  /** Who is there now: through which peer, since when. */
  readonly visit: { readonly visitId: string; readonly entry: string; readonly sinceMs: number } | null;
  /** How far it is written down; null where nobody could go on with it. */
  readonly journal: JournalPosition | null;
  /** The latest is the last. */
  readonly handOvers: readonly HandOver[];
}

const EPOCH_END_MS = 8.64e15;
const name = z.string().min(1).max(128);
const moment = z.number().min(0).max(EPOCH_END_MS);
const count = z.int().min(0);

const position = z.object({
  turn: count.optional(),
  records: count,
  bytes: count,
  commits: count,
  state: z.enum(["written", "behind", "off"]),
  why: z.enum(["version", "private", "full", "overtaken", "ended", "failed", "no-quorum"]).optional().catch(undefined),
});

const report = z.object({
  sessionId: name,
  host: name,
  account: name.optional(),
  clientId: name.optional(),
  sinceMs: moment,
  turns: count,
  // A peer of older software says nothing of what follows; one of newer software may know more words.
  doing: z.enum(sessionDoings).catch("idle"),
  timers: count,
  visit: z.object({ visitId: name, entry: name, sinceMs: moment }).nullable(),
  journal: position.nullable().catch(null),
  handOvers: z.array(handOverSchema).max(HAND_OVERS_MAX).catch([]),
});

/** What another host says of a session there. @throws ZodError */
export function readReport(value: unknown): SessionReport {
  const { account, clientId, journal, ...rest } = report.parse(value);
  return { ...rest, account, clientId, journal: journal && { ...journal, turn: journal.turn, why: journal.why } };
}
