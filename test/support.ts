/** What the end-to-end tests share: the parley command as a process, the recordings, word errors. */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder of models that the larger tests use; undefined where there is none. */
export const MODELS: string | undefined = process.env["PARLEY_MODELS"];

/** Whether the models of `folders` are there. Tests that need them are skipped, and the reason printed, when not. */
export function hasModels(...folders: readonly string[]): boolean {
  const missing = folders.filter((folder) => MODELS === undefined || !existsSync(join(MODELS, folder)));
  if (missing.length > 0) console.warn(`skipped, because PARLEY_MODELS has no ${missing.join(", ")}`);
  return missing.length === 0;
}

/** A recording of human speech and what is said in it. */
export interface Recording {
  readonly path: string;
  readonly text: string;
}

/** The recordings of the models folder. */
export function recordings(): readonly Recording[] {
  const folder = join(MODELS ?? "", "speech");
  const manifest = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8")) as { file: string; text: string }[];
  return manifest.map(({ file, text }) => ({ path: join(folder, file), text }));
}

/** Lower case, letters and digits only, as words. */
export function words(text: string): string[] {
  return text
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}']+/gu, " ")
    .trim()
    .split(" ")
    .filter((word) => word !== "");
}

/** Words inserted, left out or replaced: the edit distance over words. */
export function wordErrors(heard: string, said: string): number {
  const a = words(heard);
  const b = words(said);
  let row = b.map((_, i) => i + 1);
  for (const [i, word] of a.entries()) {
    let diagonal = i;
    let left = i + 1;
    row = row.map((above, j) => {
      left = Math.min(above + 1, left + 1, diagonal + (b[j] === word ? 0 : 1));
      diagonal = above;
      return left;
    });
  }
  return b.length === 0 ? a.length : (row.at(-1) ?? 0);
}

/** A temporary home. */
export async function temporaryHome(): Promise<{ readonly path: string; remove(): Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), "parley-e2e-"));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}

const MAIN = fileURLToPath(new URL("../packages/node/src/main.ts", import.meta.url));

/** A `parley` process. */
export interface Parley {
  readonly process: ChildProcess;
  stdout(): string;
  stderr(): string;
  /** Resolves with the exit code, or the signal's name. */
  readonly ended: Promise<number | string>;
}

/** Starts `parley ARGS`. The environment is this one's without settings and without a cluster, plus `env`. */
export function parley(
  args: readonly string[],
  options: { readonly env?: NodeJS.ProcessEnv; readonly input?: string } = {},
): Parley {
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLEY_")));
  const child = spawn(process.execPath, ["--conditions=parley-source", MAIN, ...args], {
    env: { ...clean, PARLEY_CLUSTER_ENABLED: "false", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.end(options.input ?? "");
  const ended = new Promise<number | string>((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? signal ?? "unknown"));
  });
  return { process: child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Runs `parley ARGS` to its end. */
export async function run(
  args: readonly string[],
  options: Parameters<typeof parley>[1] = {},
): Promise<{ readonly code: number | string; readonly stdout: string; readonly stderr: string }> {
  const started = parley(args, options);
  const code = await started.ended;
  return { code, stdout: started.stdout(), stderr: started.stderr() };
}

/** Resolves once `condition` holds. @throws after `timeoutMs`, with what `describe` says. */
export async function until(condition: () => boolean, describe: () => string, timeoutMs = 60_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`timed out: ${describe()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
