/** The settings' flags on a command line, made from the schema, and the configuration a command runs with. */
import { Option } from "commander";
import type { Command } from "commander";
import { findSetting, flagName, readConfig } from "../config/index.ts";
import type { FlagValues, ReadConfig, Setting, SettingKey } from "../config/index.ts";
import { SETTINGS } from "../config/settings.ts";
import { PeerError } from "../errors.ts";
import type { CliContext } from "./context.ts";

/** Options every command takes; they stand on the program. */
export const GLOBAL_SETTING_KEYS: readonly SettingKey[] = ["home", "client.peer", "client.token_file", "client.ca"];

/**
 * Adds `--config`, `--home`, what names another peer, and `--json` to the program.
 * Texts and meanings come from the schema where it has them.
 */
export function addGlobalFlags(program: Command): void {
  program.option("--config <file>", "read this configuration file");
  addSettingFlags(program, GLOBAL_SETTING_KEYS);
  program.option("--json", "answer in JSON, for programs: each line of standard output is one value");
}

/** Adds the flags of `keys` to `command`; of every setting that has one and is not global, when no keys are given. */
export function addSettingFlags(command: Command, keys?: readonly SettingKey[]): void {
  const wanted = keys?.map(findSetting) ?? SETTINGS.filter((setting) => !GLOBAL_SETTING_KEYS.includes(setting.key));
  for (const setting of wanted) {
    if (setting?.flag === undefined) continue;
    const negative = setting.flag.startsWith("--no-");
    const text = negative ? `sets ${setting.key} to false: ${lowerFirst(setting.meaning)}` : setting.meaning;
    command.addOption(new Option(setting.flag, `${text} (${setting.key})`));
  }
}

/** The settings given as flags to `command` or to the commands above it; the innermost wins. */
export function givenFlags(command: Command): FlagValues {
  const flags: Partial<Record<SettingKey, string>> = {};
  for (const setting of SETTINGS) {
    const value = givenFlag(command, setting);
    if (value !== undefined) flags[setting.key] = value;
  }
  return flags;
}

function givenFlag(command: Command, setting: Setting): string | undefined {
  const long = flagName(setting);
  for (let at: Command | null = command; at !== null; at = at.parent) {
    const option = at.options.find((one) => one.long === long);
    const name = option?.attributeName();
    if (name !== undefined && at.getOptionValueSource(name) === "cli") return String(at.getOptionValue(name));
  }
  return undefined;
}

/**
 * The configuration that `command` runs with; warnings go to stderr.
 * @throws PeerError `config-invalid`.
 */
export function readCommandConfig(command: Command, context: CliContext): ReadConfig {
  const given: unknown = command.optsWithGlobals()["config"];
  const configFile = typeof given === "string" ? given : undefined;
  const read = readConfig({ env: context.env, cwd: context.cwd, flags: givenFlags(command), configFile });
  const json = wantsJson(command);
  for (const warning of read.warnings) {
    context.stderr(json ? `${JSON.stringify({ warning })}\n` : `warning: ${warning}\n`);
  }
  return read;
}

/**
 * As {@link readCommandConfig}, for a command that is about this machine, whichever peer others are told to ask.
 * @throws PeerError `config-invalid`; `usage` where a peer is named on its own command line
 */
export function readLocalConfig(command: Command, context: CliContext): ReadConfig {
  if (givenFlags(command)["client.peer"] !== undefined) {
    throw new PeerError("usage", `parley ${nameOf(command)} is about this machine: it asks no other peer`, {
      nextStep: "Run it on that machine, or leave --peer out.",
    });
  }
  return readCommandConfig(command, context);
}

/** With those above it, such as `models list`. */
function nameOf(command: Command): string {
  const above = command.parent?.parent ? `${nameOf(command.parent)} ` : "";
  return above + command.name();
}

/** True when `--json` was given to `command` or above it. */
export function wantsJson(command: Command): boolean {
  return command.optsWithGlobals()["json"] === true;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
