/**
 * From a file's text, the environment and flags to one frozen configuration, with the origin of every value.
 * Precedence: an embedding program's value, flag, then environment, then file, then default. Pure: reads no disk, no process state.
 */
import path from "node:path";
import type { HostFacts } from "./host-facts.ts";
import { nearest } from "./nearest.ts";
import type { ConfigProblem, Origin, Origins, Place } from "./places.ts";
import { OTHER_ENVIRONMENT, configSchema } from "./schema.ts";
import type { Config, SettingKey } from "./schema.ts";
import type { SettingValue } from "./setting.ts";
import { RENAMED } from "./renamed.ts";
import { SETTINGS, environmentName, flagName, toToml } from "./settings.ts";
import type { Setting } from "./settings.ts";
import { readToml } from "./toml.ts";
import type { ConfigFile, GivenValue } from "./toml.ts";
import { readValues, type ConfigValues } from "./values.ts";

/** Flags given on the command line, as text. */
export type FlagValues = Readonly<Partial<Record<SettingKey, string>>>;

/** Everything a configuration is made of. */
export interface ConfigSources {
  readonly file?: ConfigFile | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly flags: FlagValues;
  /** What a program gives to the peer it embeds; stronger than all else. */
  readonly values?: ConfigValues | undefined;
  readonly host: HostFacts;
  /** What relative paths in flags and environment are relative to. */
  readonly cwd: string;
}

/** A valid configuration. */
export interface LoadedConfig {
  readonly config: Config;
  readonly origins: Origins;
  /** Sentences about things that look wrong but change nothing. */
  readonly warnings: readonly string[];
}

/** A configuration, or everything that is wrong with it. */
export type LoadResult =
  | ({ readonly ok: true } & LoadedConfig)
  | { readonly ok: false; readonly problems: readonly ConfigProblem[]; readonly warnings: readonly string[] };

/**
 * Loads a configuration. A value is checked wherever it stands, even where a stronger source overrides it, so that a
 * file is either right or refused. An empty environment variable counts as not set.
 */
export function loadConfig(sources: ConfigSources): LoadResult {
  const fromFile = sources.file === undefined ? { given: [], problems: [] } : readToml(sources.file);
  const fromProgram = readValues(sources.values ?? {});
  const problems: ConfigProblem[] = [...fromFile.problems, ...fromProgram.problems];
  const winners = new Map<SettingKey, { readonly value: SettingValue; readonly place: Place }>();
  // Weakest first: a later value replaces an earlier one.
  const written = [
    ...fromFile.given,
    ...fromEnvironment(sources.env),
    ...fromFlags(sources.flags),
    ...fromProgram.given,
  ];
  for (const given of written) {
    const { setting, value, place } = given;
    if (setting.accepts(value)) winners.set(setting.key, { value: settled(value, given, sources), place });
    else problems.push(valueProblem(given));
  }
  const warnings = unknownEnvironment(sources.env);
  if (problems.length > 0) return Object.freeze({ ok: false, problems: Object.freeze(problems), warnings });

  const values = new Map<SettingKey, SettingValue>();
  const origins = new Map<SettingKey, Origin>();
  for (const setting of SETTINGS) {
    const winner = winners.get(setting.key);
    const home = String(values.get("home") ?? "");
    values.set(setting.key, winner?.value ?? defaultOf(setting, home, sources.host));
    origins.set(setting.key, winner?.place ?? { source: "default" });
  }
  return Object.freeze({ ok: true, config: toConfig(values), origins: toOrigins(origins), warnings });
}

function fromEnvironment(env: ConfigSources["env"]): GivenValue[] {
  return SETTINGS.flatMap((setting) => {
    const text = env[setting.env];
    if (text === undefined || text === "") return [];
    return [
      { setting, value: fromText(setting, text), written: text, place: { source: "environment", name: setting.env } },
    ];
  });
}

function fromFlags(flags: FlagValues): GivenValue[] {
  return SETTINGS.flatMap((setting) => {
    const text = flags[setting.key];
    if (text === undefined) return [];
    const flag = flagName(setting) ?? setting.key;
    return [{ setting, value: fromText(setting, text), written: text, place: { source: "flag", flag } }];
  });
}

/** The value that `text` writes for `setting`; undefined, which no setting accepts, when it writes none. */
function fromText(setting: Setting, text: string): SettingValue | undefined {
  if (setting.kind === "text") return text;
  if (setting.kind === "number") return /^[+-]?\d+(\.\d+)?$/.test(text) ? Number(text) : undefined;
  if (text === "true" || text === "1") return true;
  return text === "false" || text === "0" ? false : undefined;
}

function settled(value: SettingValue, given: GivenValue, { cwd, host }: ConfigSources): SettingValue {
  if (!given.setting.isPath || typeof value !== "string" || value === "") return value;
  const paths = pathsOf(host);
  const base = given.place.source === "file" ? paths.resolve(cwd, paths.dirname(given.place.file)) : cwd;
  return paths.resolve(
    base,
    value.replace(/^~(?=$|[/\\])/, () => host.userFolder),
  );
}

function defaultOf(setting: Setting, home: string, host: HostFacts): SettingValue {
  const value = setting.defaultValue({ ...host, home });
  return setting.isPath && value !== "" ? pathsOf(host).normalize(String(value)) : value;
}

function pathsOf(host: HostFacts): path.PlatformPath {
  return host.platform === "win32" ? path.win32 : path.posix;
}

function valueProblem({ setting, written, place }: GivenValue): ConfigProblem {
  const { key, allowed } = setting;
  const shown = written.length > 60 ? `${written.slice(0, 60)}…` : written;
  const quoted = place.source === "file" || place.source === "program" ? shown.split("\n")[0] : toToml(shown);
  const subject = setting.isSecret ? key : `${key} = ${quoted}`;
  return { place, key, allowed, message: `${subject} is refused: it must be ${allowed}` };
}

function unknownEnvironment(env: ConfigSources["env"]): readonly string[] {
  const known = [...SETTINGS.map((setting) => setting.env), ...OTHER_ENVIRONMENT.map((other) => other.name)];
  const isKnown = (name: string) =>
    known.some((one) => (one.endsWith("*") ? name.startsWith(one.slice(0, -1)) : name === one));
  const unknown = Object.keys(env).filter((name) => name.startsWith("PARLEY_") && !isKnown(name));
  return Object.freeze(
    unknown.sort().map((name) => {
      const renamed = Object.entries(RENAMED).find(([key]) => environmentName(key) === name)?.[1];
      if (renamed !== undefined)
        return `${name} in the environment is ignored: it is now ${environmentName(renamed.to)}, ${renamed.how}`;
      const meant = nearest(name, known);
      return `${name} in the environment is not a setting and is ignored${meant === undefined ? "" : `; did you mean ${meant}?`}`;
    }),
  );
}

function toConfig(values: ReadonlyMap<SettingKey, SettingValue>): Config {
  const nested: Record<string, SettingValue | Record<string, SettingValue>> = {};
  for (const setting of SETTINGS) {
    const value = values.get(setting.key) ?? "";
    if (setting.section === "") nested[setting.name] = value;
    else nested[setting.section] = { ...sectionSoFar(nested[setting.section]), [setting.name]: value };
  }
  const config = configSchema.parse(nested);
  for (const part of Object.values(config)) Object.freeze(part);
  return Object.freeze(config);
}

function sectionSoFar(part: SettingValue | Record<string, SettingValue> | undefined): Record<string, SettingValue> {
  return typeof part === "object" ? part : {};
}

function toOrigins(origins: ReadonlyMap<SettingKey, Origin>): Origins {
  const record: Partial<Record<SettingKey, Origin>> = Object.fromEntries(origins);
  if (!isComplete(record)) throw new Error("a setting has no origin");
  return Object.freeze(record);
}

function isComplete(record: Partial<Origins>): record is Origins {
  return SETTINGS.every((setting) => record[setting.key] !== undefined);
}
