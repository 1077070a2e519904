/** What the peer answers about the sessions of its house, as far as commands show it. */
import * as z from "zod";

const session = z.object({
  sessionId: z.string(),
  state: z.enum(["visited", "waiting", "homeless"]),
  host: z.object({ peerId: z.string(), name: z.string() }).nullable(),
  account: z.string().optional(),
  clientId: z.string().optional(),
  sinceMs: z.number(),
  turns: z.number(),
  doing: z.string(),
  timers: z.number(),
  visit: z.object({ entry: z.string(), sinceMs: z.number() }).nullable(),
  journal: z
    .object({
      records: z.number(),
      bytes: z.number(),
      commits: z.number(),
      state: z.string(),
      why: z.string().optional(),
    })
    .nullable(),
  handOvers: z.array(z.object({ atMs: z.number(), from: z.string(), to: z.string(), why: z.string() })),
});
export type ShownSession = z.output<typeof session>;

/** Of peers by their ids. A peer of older software tells none. */
const names = z.record(z.string(), z.string()).default({});

export const sessionsAnswer = z.object({
  /** Who has asked. */
  account: z.string(),
  sessions: z.array(session),
  silent: z.array(z.string()),
  names,
});
export const sessionAnswer = z.object({ session, names });
