/** What the peer answers about what is remembered, and how people are shown it. */
import * as z from "zod";
import { table } from "../cluster/texts.ts";

const threadSchema = z.object({
  threadId: z.string(),
  turns: z.number(),
  firstAtMs: z.number(),
  lastAtMs: z.number(),
  title: z.string(),
});
const turnSchema = z.object({
  threadId: z.string(),
  atMs: z.number(),
  question: z.string(),
  answer: z.string(),
});
const foundSchema = z.object({
  turn: turnSchema,
  score: z.number(),
  snippet: z.object({
    of: z.enum(["question", "answer"]),
    text: z.string(),
    marks: z.array(z.object({ start: z.number(), end: z.number() })),
  }),
});

export const threadsAnswer = z.object({ threads: z.array(threadSchema) });
export const findingsAnswer = z.object({
  matched: z.enum(["all", "any"]),
  total: z.number(),
  found: z.array(foundSchema),
});
export const forgottenAnswer = z.object({ forgotten: z.number() });

/** Whose it is. */
export const ownerAnswer = z.object({ account: z.string() });

/** Of one client. */
export type Threads = z.output<typeof threadsAnswer> & { readonly account: string };
export type Findings = z.output<typeof findingsAnswer> & { readonly account: string };

export function threadsText(all: readonly Threads[]): string {
  const rows = all.flatMap(({ account, threads }) =>
    threads.map(({ threadId, turns, lastAtMs, title }) => [account, threadId, String(turns), when(lastAtMs), title]),
  );
  if (rows.length === 0) return `${NOTHING}\n`;
  return table([["client", "thread", "turns", "last (UTC)", ""], ...rows]);
}

/** What was looked for stands between `start` and `end`. */
export function findingsText(all: readonly Findings[], [start, end]: readonly [string, string]): string {
  const found = all.flatMap(({ account, found: hits }) => hits.map((hit) => ({ account, ...hit })));
  if (found.length === 0) return "Nothing was found.\n";
  const isLoose = all.some(({ matched, found: hits }) => matched === "any" && hits.length > 0);
  const lines = found.map(({ account, turn, snippet }) => {
    const text = marked(snippet, start, end).replaceAll(/\s+/g, " ");
    return `${when(turn.atMs)}  ${account}, ${turn.threadId}, ${WHO[snippet.of]}: ${text}\n`;
  });
  return [...(isLoose ? ["Not all words were found together; these have some of them.\n"] : []), ...lines].join("");
}

const NOTHING = "Nothing is kept. It is for clients that opted in: parley client add NAME --remember.";
const WHO = { question: "asked", answer: "answered" } as const;

function marked({ text, marks }: z.output<typeof foundSchema>["snippet"], start: string, end: string): string {
  let shown = text;
  for (const mark of marks.toReversed()) {
    shown = `${shown.slice(0, mark.start)}${start}${shown.slice(mark.start, mark.end)}${end}${shown.slice(mark.end)}`;
  }
  return shown;
}

function when(ms: number): string {
  return new Date(ms).toISOString().slice(0, 16).replace("T", " ");
}
