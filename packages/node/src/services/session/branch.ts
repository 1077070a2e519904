/** What was said to one side of a house that was apart, on its way to the session of the house. */
import * as z from "zod";
import type { Journal } from "../../cluster/journal/port.ts";
import type { Notice } from "./notice.ts";
import { savedSession, type SavedSession } from "./saved.ts";
import type { CutTurn } from "./turn-log.ts";

const text = z.string().max(4_096);
const moment = z.number();
const notice = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("timer"),
    id: text,
    label: text,
    setAtMs: moment,
    endedAtMs: moment,
    text,
    isSpoken: z.boolean(),
  }),
  z.object({ type: z.literal("say"), text, isSpoken: z.boolean() }),
  z.object({ type: z.literal("session-lost"), text, isSpoken: z.boolean() }),
]);

export const branchSchema = savedSession.extend({
  /** The same when it is handed over again. */
  branchId: z.string().min(1).max(128),
  /** Its client was told that it speaks with one side only. */
  isTold: z.boolean(),
  /** What its client was not there to be told. */
  notices: z.array(notice).max(64),
});

export type Branch = z.output<typeof branchSchema>;

/** What becomes of it. `later`: it is known, and not yet where no crash of a minority loses it; `refused`: the session is somebody else's. */
export type Merged = { readonly type: "merged" | "later" | "refused" };

/** What a session of one side begins with: what this host knows of it. */
export interface Fork {
  readonly saved: Pick<SavedSession, "account" | "clientId" | "turns" | "mind" | "handOvers" | "entry">;
  readonly turns: readonly CutTurn[];
}

/** Of sessions that live on one side of a house only. */
export interface ApartGround {
  readonly fork: (sessionId: string) => Promise<Fork | undefined>;
  /** Its client need not know: nothing was lost by it. */
  readonly isQuiet: (sessionId: string) => boolean;
}

/** What was merged waits so long to be written down; who has handed it over asks again. */
const WITHIN_MS = 1_500;

/** Never rejects. */
export async function whatBecame(
  isSettled: boolean,
  journal: Pick<Journal, "flush"> | undefined,
): Promise<Merged["type"]> {
  try {
    await journal?.flush(AbortSignal.timeout(WITHIN_MS));
    return isSettled ? "merged" : "later";
  } catch {
    // It is not written down yet, or this host is not the one to do it: who has handed it over hears so.
    return "later";
  }
}

/** Of these, those that are told elsewhere: what is about a side, or a connection, is not. */
export function toldElsewhere(notices: readonly Notice[]): Branch["notices"] {
  return notices.flatMap((each) =>
    each.type === "timer" || each.type === "say" || each.type === "session-lost" ? [each] : [],
  );
}

/** Whether the other side has told it, or taken it back. */
export function isKnownIn({ mind: { past = [] } }: Branch, told: Notice): boolean {
  return told.type === "timer" && past.some((name) => name.endsWith(`@${told.setAtMs}-${told.endedAtMs}`));
}
