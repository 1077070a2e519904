/**
 * Two tools that write down each of their runs, in a file that outlives whoever runs them: `press` may run once, `ring` by its key as
 * often as anybody likes. Both take `{of}`, wait a little, and answer with it. For tests of what happens when their peer dies.
 */
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { defineTool, type Repeats, type Tool } from "../assistant/tools/tool.ts";

/** A line of the file. */
const noteSchema = z.object({
  tool: z.string(),
  of: z.string(),
  key: z.string(),
  peer: z.string(),
  /** The effect is between the two. */
  point: z.enum(["begun", "done"]),
});
export type NotedRun = z.output<typeof noteSchema>;

/** @param about.runMs how long a run takes */
export function notedTools({
  path,
  runMs,
  peer = "",
}: {
  readonly path: string;
  readonly runMs: number;
  readonly peer?: string | undefined;
}): readonly Tool[] {
  const noted = (tool: string, repeats: Repeats): Tool =>
    defineTool({
      name: tool,
      description: `${tool}es something.`,
      usage: '{"of": "what"}',
      repeats,
      hasEffects: true,
      parameters: z.object({ of: z.string() }),
      run: async ({ of }, { key, signal }) => {
        const note = (point: NotedRun["point"]): void =>
          // At once, and as one write: whoever is killed behind it has left it.
          appendFileSync(path, `${JSON.stringify({ tool, of, key, peer, point } satisfies NotedRun)}\n`);
        note("begun");
        await sleep(runMs, undefined, { signal });
        note("done");
        return `${of} is done`;
      },
    });
  return [noted("press", "at-most-once"), noted("ring", "by-key")];
}

/** What stands in such a file. A line that is none is passed over: whoever wrote it died over it. */
export function runsIn(path: string): readonly NotedRun[] {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => {
      const note = noteSchema.safeParse(parsed(line));
      return note.success ? [note.data] : [];
    });
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
