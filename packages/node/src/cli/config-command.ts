/** `parley config`: every setting with its value, its source and its meaning. */
import type { Command } from "commander";
import { SECTIONS, SETTINGS, flagName, placeText, renderTemplate, toToml } from "../config/index.ts";
import type { Config, ReadConfig, Setting, SettingValue } from "../config/index.ts";
import type { CliContext } from "./context.ts";
import { addSettingFlags, readCommandConfig, wantsJson } from "./setting-flags.ts";

const SECRET_SHOWN = "(set, not shown)";

/** Adds `config` to the program. */
export function registerConfigCommand(program: Command, context: CliContext): void {
  const command = program
    .command("config")
    .description("print every setting: its value, where the value comes from, what it means and what is allowed")
    .option("--template", "print a commented configuration file to start from, and nothing else");
  addSettingFlags(command);
  command.action(() => {
    if (command.opts()["template"] === true) {
      context.stdout(renderTemplate());
      return;
    }
    const read = readCommandConfig(command, context);
    context.stdout(wantsJson(command) ? configAsJson(read) : configAsText(read));
  });
}

/** The value of one setting in `config`. */
export function valueOf(config: Config, setting: Setting): SettingValue {
  for (const [name, part] of Object.entries(config)) {
    if (name === setting.section || (setting.section === "" && name === setting.name)) {
      const value: unknown = typeof part === "object" ? new Map(Object.entries(part)).get(setting.name) : part;
      if (setting.accepts(value)) return value;
    }
  }
  throw new Error(`the configuration lacks ${setting.key}`);
}

/** A value as it may be shown: a secret that is set is only said to be set. */
export function shownValue(setting: Setting, value: SettingValue): SettingValue {
  return setting.isSecret && value !== "" ? SECRET_SHOWN : value;
}

/** The configuration for people. */
export function configAsText(read: ReadConfig): string {
  const file = `${read.file.path}${read.file.found ? "" : " (not there, which is fine)"}`;
  const lines = [
    `# file: ${file}`,
    "# a flag wins over the environment, the environment over the file, the file over the default",
  ];
  const part = (section: string) =>
    SETTINGS.filter((setting) => setting.section === section).map((setting) => entryText(read, setting));
  lines.push("", ...part(""));
  for (const section of SECTIONS) lines.push("", `[${section.name}]  # ${section.meaning}`, ...part(section.name));
  return `${lines.join("\n")}\n`;
}

function entryText(read: ReadConfig, setting: Setting): string {
  const value = toToml(shownValue(setting, valueOf(read.config, setting)));
  const unit = setting.unit === undefined ? "" : ` ${setting.unit}`;
  const names = [setting.env, flagName(setting)].filter((name) => name !== undefined).join(" or ");
  return [
    `${setting.name} = ${value}${unit === "" ? "" : `  #${unit}`}`,
    `    from ${placeText(read.origins[setting.key])}; ${names} sets it`,
    `    ${setting.meaning} Allowed: ${setting.allowed}.`,
  ].join("\n");
}

/** The configuration for programs: `{ file, warnings, settings: [{ key, value, origin, … }] }`. */
export function configAsJson(read: ReadConfig): string {
  const settings = SETTINGS.map((setting) => ({
    key: setting.key,
    value: shownValue(setting, valueOf(read.config, setting)),
    origin: read.origins[setting.key],
    meaning: setting.meaning,
    unit: setting.unit ?? null,
    allowed: setting.allowed,
    default: setting.defaultWords,
    environment: setting.env,
    flag: flagName(setting) ?? null,
  }));
  return `${JSON.stringify({ file: read.file, warnings: read.warnings, settings })}\n`;
}
