/** Finds and reads the configuration file, then loads the configuration: the shell around load.ts. */
import { readFileSync } from "node:fs";
import path from "node:path";
import { PeerError } from "../errors.ts";
import { hostFacts } from "./host-facts.ts";
import type { HostFacts } from "./host-facts.ts";
import { loadConfig } from "./load.ts";
import type { FlagValues, LoadedConfig } from "./load.ts";
import type { ConfigValues } from "./values.ts";
import { placeText } from "./places.ts";
import type { ConfigProblem } from "./places.ts";
import type { ConfigFile } from "./toml.ts";

/** The name of the configuration file. */
export const CONFIG_FILE_NAME = "parley.toml";

/** Far above any honest configuration, far below what hurts. */
const FILE_BYTES_MAX = 1024 * 1024;

/** What a configuration is read from. */
export interface ConfigRequest {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly flags: FlagValues;
  /** The file named by `--config`; `false`: none at all. */
  readonly configFile?: string | false | undefined;
  readonly host?: HostFacts;
  /** What a program gives to the peer it embeds. */
  readonly values?: ConfigValues | undefined;
}

/** A configuration with the file it was read from. */
export interface ReadConfig extends LoadedConfig {
  readonly file: { readonly path: string; readonly found: boolean };
}

/**
 * Reads the configuration in force.
 * @throws PeerError `config-invalid`, naming every problem with its place.
 */
export function readConfig(request: ConfigRequest): ReadConfig {
  const host = request.host ?? hostFacts(request.env);
  const { configFile } = request;
  const where = configFile === false ? NO_FILE : configFileFor({ ...request, configFile }, host);
  const file = configFile === false ? undefined : readConfigFile(where);
  const result = loadConfig({
    file,
    env: request.env,
    flags: request.flags,
    values: request.values,
    host,
    cwd: request.cwd,
  });
  if (!result.ok) throw invalid(result.problems);
  const { config, origins, warnings } = result;
  return { config, origins, warnings, file: { path: where.path, found: file !== undefined } };
}

/**
 * The file to read: `--config`, else `PARLEY_CONFIG`, else `parley.toml` in the home given by `--home` or
 * `PARLEY_HOME`, else `parley.toml` in the user's configuration folder. Only a file that was asked for by name must exist.
 */
export function configFileFor(
  request: ConfigRequest & { readonly configFile?: string | undefined },
  host: HostFacts,
): { readonly path: string; readonly required: boolean } {
  const { env, cwd, flags } = request;
  const named = request.configFile ?? nonEmpty(env["PARLEY_CONFIG"]);
  if (named !== undefined) return { path: path.resolve(cwd, named), required: true };
  const home = flags.home ?? nonEmpty(env["PARLEY_HOME"]);
  const folder =
    home === undefined
      ? host.configFolder
      : path.resolve(
          cwd,
          home.replace(/^~(?=$|[/\\])/, () => host.userFolder),
        );
  return { path: path.join(folder, CONFIG_FILE_NAME), required: false };
}

const NO_FILE = { path: "", required: false };

function nonEmpty(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

function readConfigFile(where: { readonly path: string; readonly required: boolean }): ConfigFile | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(where.path);
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown";
    // ENOTDIR: the folder it would be in is a file; whoever uses that folder reports it better.
    if (!where.required && (code === "ENOENT" || code === "ENOTDIR")) return undefined;
    throw new PeerError("config-invalid", `The configuration file ${where.path} cannot be read (${code}).`, {
      nextStep: "Check the path given by --config or PARLEY_CONFIG, and that you may read the file.",
      details: { file: where.path, code },
      cause,
    });
  }
  return { path: where.path, text: decode(bytes, where.path) };
}

function decode(bytes: Buffer, file: string): string {
  const refuse = (why: string, cause?: unknown) =>
    new PeerError("config-invalid", `The configuration file ${file} ${why}.`, {
      nextStep: "Write the file as UTF-8 text; `parley config --template` prints one to start from.",
      details: { file },
      cause,
    });
  if (bytes.length > FILE_BYTES_MAX) throw refuse(`is larger than ${FILE_BYTES_MAX} bytes`);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw refuse("is not UTF-8 text", cause);
  }
}

function invalid(problems: readonly ConfigProblem[]): PeerError {
  const lines = problems.map((problem) => `${placeText(problem.place)}: ${problem.message}`);
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new PeerError(
    "config-invalid",
    `The configuration has ${count}:\n${lines.map((line) => `  ${line}`).join("\n")}`,
    {
      nextStep: "Mend what is named above; `parley config` then shows every setting, its source and what is allowed.",
      details: { problems: problems.length, first: lines[0] ?? "" },
    },
  );
}
