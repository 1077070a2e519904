/** `npm run chaos -- conversation`: the arguments, and what is printed. */
import { readFile, writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";
import { makeWritable } from "../options.ts";
import type { Output } from "../report.ts";
import { exitCodeOf, summarize } from "./report.ts";
import { obstacle, runConversationChaos } from "./run.ts";
import { MOST_CLIENTS, scheduleIn } from "./read-schedule.ts";
import { FAULT_KINDS, scheduleOf, type FaultKind, type Schedule } from "./schedule.ts";
import { ENGINES, MOST_TURNS } from "./words.ts";

const MOST_NODES = 9;

export const CONVERSATION_CHAOS_USAGE = `usage: npm run chaos -- conversation [--seed N] [--turns 200] [--clients 3] [--nodes 3] [--netns]
                                    [--only ${FAULT_KINDS.join("|")}] [--engines fixed|real]
                                    [--write-schedule FILE] [--schedule FILE] [--history FILE] [--json]`;

/** Runs the command; the exit code: 0 no violation, 1 otherwise, 130 interrupted. @throws TypeError when misused. */
export async function conversationChaosCommand(
  args: readonly string[],
  { print, tell }: Output,
  signal: AbortSignal,
): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seed: { type: "string", default: "1" },
      turns: { type: "string", default: "200" },
      clients: { type: "string", default: "3" },
      nodes: { type: "string", default: "3" },
      netns: { type: "boolean", default: false },
      only: { type: "string" },
      engines: { type: "string", default: "fixed" },
      schedule: { type: "string" },
      "write-schedule": { type: "string" },
      history: { type: "string" },
      json: { type: "boolean", default: false },
    },
  });
  const nodes = whole(values.nodes, "nodes", MOST_NODES);
  // Of two peers none can be spared.
  if (nodes < 3) throw new TypeError("--nodes takes 3 or more");
  const only = kindOf(values.only);
  const schedule =
    values.schedule === undefined
      ? scheduleOf({
          seed: whole(values.seed, "seed", Number.MAX_SAFE_INTEGER),
          turns: whole(values.turns, "turns", MOST_TURNS),
          clients: whole(values.clients, "clients", MOST_CLIENTS),
          netns: values.netns,
          only,
        })
      : await readSchedule(values.schedule, only);
  const why = schedule.netns || only === "partition" ? obstacle() : undefined;
  if (why !== undefined) throw new TypeError(`--netns is not possible here: ${why}`);
  if (only === "partition" && !schedule.netns) throw new TypeError("--only partition takes --netns");
  if (values["write-schedule"] !== undefined) await write(values["write-schedule"], schedule);
  if (values.history !== undefined) makeWritable(values.history);
  const models = modelsFor(values.engines);
  const report = await runConversationChaos({
    schedule,
    nodes,
    models,
    historyPath: values.history,
    signal,
    onProgress: tell,
  });
  if (values.json) print(JSON.stringify(report));
  else summarize(report, print);
  return exitCodeOf(report, signal);
}

/** Of real engines; undefined: those of fixed delay. */
function modelsFor(engines: string): string | undefined {
  if (!ENGINES.some((each) => each === engines)) throw new TypeError(`--engines takes one of ${ENGINES.join(", ")}`);
  if (engines === "fixed") return undefined;
  const models = process.env["PARLEY_MODELS"] ?? "";
  if (models === "") throw new TypeError("--engines real takes a folder of models in PARLEY_MODELS");
  return models;
}

/** @param only leaves other kinds of fault out; the rest stays as it is */
async function readSchedule(path: string, only: FaultKind | undefined): Promise<Schedule> {
  try {
    const schedule = scheduleIn(await readFile(path, "utf8"));
    const turns = schedule.turns.map(({ fault, ...turn }) =>
      fault === undefined || (only !== undefined && fault.kind !== only) ? turn : { ...turn, fault },
    );
    return { ...schedule, turns };
  } catch (error) {
    throw new TypeError(`--schedule ${path}: ${reason(error)}`, { cause: error });
  }
}

async function write(path: string, schedule: Schedule): Promise<void> {
  try {
    await writeFile(path, `${JSON.stringify(schedule, undefined, 2)}\n`);
  } catch (error) {
    throw new TypeError(`--write-schedule ${path} cannot be written: ${reason(error)}`, { cause: error });
  }
}

function kindOf(text: string | undefined): FaultKind | undefined {
  if (text === undefined) return undefined;
  const kind = FAULT_KINDS.find((each) => each === text);
  if (kind === undefined) throw new TypeError(`--only takes one of ${FAULT_KINDS.join(", ")}`);
  return kind;
}

function whole(text: string, name: string, most: number): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1 || value > most)
    throw new TypeError(`--${name} takes a whole number from 1 to ${most}`);
  return value;
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
