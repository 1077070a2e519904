import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { ChildTask } from "./ensure-child.ts";

/** A process that ensures a model. */
export interface EnsureProcess {
  /** Its output so far, by lines: phases, and at last `folder <path>`. */
  readonly lines: () => readonly string[];
  readonly kill: (signal: NodeJS.Signals) => void;
  /** Its exit code or the signal that ended it; rejects never. */
  readonly ended: Promise<number | NodeJS.Signals>;
}

/** Starts one; it ends with the test at the latest. */
export function startEnsuring(task: ChildTask, place: { cwd?: string; env?: NodeJS.ProcessEnv } = {}): EnsureProcess {
  const script = fileURLToPath(new URL("ensure-child.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=parley-source", script, JSON.stringify(task)], {
    stdio: ["ignore", "pipe", "inherit"],
    ...place,
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const ended = once(child, "close").then(([code, signal]: (number | NodeJS.Signals | null)[]) => code ?? signal ?? 1);
  onTestFinished(async () => {
    child.kill("SIGKILL");
    await ended;
  });
  return { lines: () => output.split("\n").filter((line) => line !== ""), kill: (signal) => child.kill(signal), ended };
}
