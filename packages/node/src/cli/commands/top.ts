/** `parley top`: how busy each peer of the house is. */
import type { Command } from "commander";
import { setTimeout as sleep } from "node:timers/promises";
import { isPeerError, PeerError } from "../../errors.ts";
import { read } from "../cluster/answers.ts";
import type { CliContext } from "../context.ts";
import { printJson } from "../json-line.ts";
import { Screen } from "../terminal.ts";
import { topAnswer, type Top } from "../top/answer.ts";
import { topLines } from "../top/table.ts";
import { withManagement, type Managing } from "./cluster/with-management.ts";

const EVERY_S = { least: 0.5, usual: 2, most: 3_600 };

const HELP = `
The busiest peer comes first; * marks the prime. "jobs" are those that run, and behind a + those that wait; "turns" and "first
audio" (its median, and what 95 % stay below) are of the last minutes; "tokens/s" is how fast the peer's model writes.
Which conversations there are, and where: parley sessions.
Where output is led elsewhere it is shown once, or with --json and --every on a line each time. Ctrl-C ends it.
`;

/** Adds `top` to the program. */
export function registerTopCommand(program: Command, context: CliContext): void {
  const command = program
    .command("top")
    .description("watch how busy each peer of the house is: processor, memory, clients, turns, jobs")
    .option("--every <s>", "so often, in seconds", String(EVERY_S.usual))
    .option("--once", "only once")
    .addHelpText("after", HELP);
  command.action(() =>
    withManagement(command, context, async (managing) => {
      const everyMs = everyMsOf(command.opts()["every"]);
      const isLive = managing.json || context.terminal !== undefined;
      if (command.opts()["once"] === true || !isLive) return show(await ask(managing), managing, context);
      await watch(managing, context, everyMs);
    }),
  );
}

async function watch(managing: Managing, context: CliContext, everyMs: number): Promise<void> {
  const { json, signal } = managing;
  const screen = new Screen(context.stdout);
  try {
    for (;;) {
      const { answer, top } = await ask(managing);
      if (json || context.terminal === undefined) printJson(context, answer);
      else screen.show(topLines(top, context.terminal()));
      await sleep(everyMs, undefined, { signal });
    }
  } catch (error) {
    // Ctrl-C is its usual end.
    if (!signal.aborted || !isPeerError(signal.reason, "interrupted")) throw error;
  } finally {
    screen.leave();
  }
}

async function ask({ management, signal }: Managing): Promise<{ readonly answer: unknown; readonly top: Top }> {
  const answer = await management.get("/top", { signal });
  return { answer, top: read(topAnswer, answer) };
}

function show(
  { answer, top }: { readonly answer: unknown; readonly top: Top },
  { json }: Managing,
  context: CliContext,
): void {
  if (json) return printJson(context, answer);
  const columns = context.terminal?.().columns ?? Infinity;
  context.stdout(`${topLines(top, { columns, rows: Infinity }).join("\n")}\n`);
}

/** @throws PeerError `usage` */
function everyMsOf(given: unknown): number {
  const seconds = Number(given);
  if (Number.isFinite(seconds) && seconds >= EVERY_S.least && seconds <= EVERY_S.most) return seconds * 1_000;
  throw new PeerError("usage", `${String(given)} is no time to wait`, {
    nextStep: `Give seconds, from ${EVERY_S.least} to ${EVERY_S.most}.`,
  });
}
