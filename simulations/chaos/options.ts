/** What both kinds of chaos are told on the command line. */
import { closeSync, openSync } from "node:fs";
import type { ParseArgsOptionsConfig } from "node:util";

/** Of the clients' reads; with `stale`, of whatever is held where they ask, a run is expected to fail: it shows that it can. */
export type Reads = "linearizable" | "stale";

/** For `parseArgs`. @param clients as many as there are when nobody says */
export function optionsWith(clients: number) {
  return {
    seconds: { type: "string", default: "60" },
    nodes: { type: "string", default: "3" },
    seed: { type: "string", default: "1" },
    clients: { type: "string", default: String(clients) },
    reads: { type: "string", default: "linearizable" },
    history: { type: "string" },
    json: { type: "boolean", default: false },
  } as const satisfies ParseArgsOptionsConfig;
}

/** What those give. */
export interface GivenOptions {
  readonly seconds: string;
  readonly nodes: string;
  readonly seed: string;
  readonly clients: string;
  readonly reads: string;
  readonly history?: string | undefined;
}

export interface ChaosArguments {
  readonly seconds: number;
  readonly nodes: number;
  readonly seed: number;
  readonly clients: number;
  readonly consistency: Reads;
  readonly historyPath: string | undefined;
}

/** How a command is used. @param more its own options */
export function usageOf(target: string, clients: number, more = ""): string {
  const command = `usage: npm run chaos -- ${target}`;
  return `${command} [--seconds 60] [--nodes 3] [--seed N] [--clients ${clients}]
${" ".repeat(command.length)} [--history FILE] [--reads linearizable|stale]${more} [--json]`;
}

/**
 * Makes the history's file at once, so that nobody learns at the end of a long run that there is none.
 * @throws TypeError when misused
 */
export function argumentsFrom({ seconds, nodes, seed, clients, reads, history }: GivenOptions): ChaosArguments {
  if (reads !== "linearizable" && reads !== "stale") throw new TypeError("--reads takes linearizable or stale");
  const given = {
    seconds: positive(seconds, "seconds"),
    nodes: positive(nodes, "nodes"),
    seed: positive(seed, "seed"),
    clients: positive(clients, "clients"),
    consistency: reads,
    historyPath: history,
  } as const;
  if (history !== undefined) makeWritable(history);
  return given;
}

/** @throws TypeError when there can be no such file */
export function makeWritable(path: string): void {
  try {
    closeSync(openSync(path, "a"));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TypeError(`--history ${path} cannot be written: ${reason}`, { cause: error });
  }
}

function positive(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) throw new TypeError(`--${name} takes a whole number from 1`);
  return value;
}
