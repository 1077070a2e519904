import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { promisify } from "node:util";
import { z } from "zod";
import type { Environment, NpmSettings } from "./npmrc.ts";
import { readNpmrc, settingsInEnvironment } from "./npmrc.ts";

const ASK_TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 4 << 20;
/** `npm config` refuses to run for a workspace. */
const NOT_INHERITED = /^npm_config_(workspaces?|include_workspace_root|json|long)$/i;

const Answer = z.record(z.string(), z.unknown());

/** Where npm's configuration is looked for. */
export interface NpmPlace {
  readonly env: Environment;
  readonly projectFolder: string;
  readonly homeFolder: string;
}

/** What npm is set to. */
export interface NpmConfig {
  /** The first that has a setting wins. One when npm itself has told, else what could be read without it. */
  readonly layers: readonly NpmSettings[];
  /** The `.npmrc` files themselves: npm never tells tokens. The first wins. */
  readonly files: readonly NpmSettings[];
}

/** The place of this process. */
export function processPlace(): NpmPlace {
  return { env: process.env, projectFolder: process.cwd(), homeFolder: homedir() };
}

/**
 * Asks npm for its settings, because only npm knows where its global and built-in npmrc lie. Without an npm that
 * answers in time: what the environment, the project's and the user's `.npmrc` say.
 */
export async function learnNpmConfig(place: NpmPlace): Promise<NpmConfig> {
  const told = await askNpm(place);
  const inEnvironment = settingsInEnvironment(place.env);
  const userFile = told?.get("userconfig") ?? inEnvironment.get("userconfig") ?? join(place.homeFolder, ".npmrc");
  const globalFile = told?.get("globalconfig") ?? inEnvironment.get("globalconfig");
  const paths = [join(place.projectFolder, ".npmrc"), userFile, ...(globalFile === undefined ? [] : [globalFile])];
  const files = await Promise.all(paths.map((path) => readNpmrc(path, place.env)));
  return { layers: told === undefined ? [inEnvironment, ...files] : [told], files };
}

/** The value of a setting. */
export function npmSetting(config: NpmConfig, name: string): string | undefined {
  return config.layers.map((layer) => layer.get(name)).find((value) => value !== undefined && value !== "");
}

/** npm's effective settings, secrets excepted; undefined when npm is absent, fails, or does not answer in time. */
async function askNpm({ env, projectFolder }: NpmPlace): Promise<NpmSettings | undefined> {
  const npm = npmCommand(env);
  let answer: unknown;
  try {
    const args = [...npm.args, "config", "list", "--json", "--workspaces=false", "--no-update-notifier"];
    const { stdout } = await promisify(execFile)(npm.file, args, {
      cwd: projectFolder,
      env: npmEnvironment(env),
      shell: npm.shell,
      timeout: ASK_TIMEOUT_MS,
      killSignal: "SIGKILL",
      maxBuffer: MAX_ANSWER_BYTES,
      windowsHide: true,
    });
    answer = JSON.parse(stdout);
  } catch {
    // npm is a help, not a need: the files it would have read are still there.
    return undefined;
  }
  const parsed = Answer.safeParse(answer);
  return parsed.success ? settingsOf(parsed.data) : undefined;
}

/**
 * Without `node_modules/.bin` in PATH: npm looks for its global npmrc beside the Node it runs on, and one that a project
 * brought along has none.
 */
function npmEnvironment(env: Environment): Record<string, string | undefined> {
  const kept = Object.entries(env).filter(([name]) => !NOT_INHERITED.test(name));
  const withoutBins = (path: string | undefined): string | undefined =>
    path
      ?.split(delimiter)
      .filter((folder) => !/node_modules[\\/]\.bin[\\/]?$/.test(folder))
      .join(delimiter);
  return Object.fromEntries(
    kept.map(([name, value]) => [name, name.toUpperCase() === "PATH" ? withoutBins(value) : value]),
  );
}

/** npm as it called this process, under the Node it ran with; else the one in PATH. */
function npmCommand(env: Environment): { readonly file: string; readonly args: string[]; readonly shell: boolean } {
  const cli = env["npm_execpath"];
  if (cli !== undefined && basename(cli).startsWith("npm") && existsSync(cli)) {
    return { file: env["npm_node_execpath"] ?? process.execPath, args: [cli], shell: false };
  }
  return { file: "npm", args: [], shell: process.platform === "win32" };
}

function settingsOf(answer: z.output<typeof Answer>): NpmSettings {
  const settings = new Map<string, string>();
  for (const [name, value] of Object.entries(answer)) {
    if (typeof value === "string") settings.set(name, value);
    else if (Array.isArray(value)) settings.set(name, value.filter((item) => typeof item === "string").join("\n"));
  }
  return settings;
}
