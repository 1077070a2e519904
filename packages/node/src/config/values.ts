/** Settings that a program gives to the peer it embeds, as plain values. */
import { nearest } from "./nearest.ts";
import type { ConfigProblem } from "./places.ts";
import type { Config } from "./schema.ts";
import { findSetting, SECTIONS, SETTINGS, toToml } from "./settings.ts";
import type { SettingValue } from "./setting.ts";
import type { FileReading, GivenValue } from "./toml.ts";

/** The configuration, as much of it as is to differ from the defaults: `{ listen: { port: 0 } }`. */
export type ConfigValues = {
  readonly [Key in keyof Config]?:
    | (Config[Key] extends object
        ? { readonly [Name in keyof Config[Key]]?: Config[Key][Name] | undefined }
        : Config[Key])
    | undefined;
};

const sectionNames = new Set(SECTIONS.map(({ name }) => name));
const allKeys = SETTINGS.map(({ key }) => key);

/** Never throws: what is wrong is in `problems`. `undefined` counts as not given. */
export function readValues(values: ConfigValues): FileReading {
  const given: GivenValue[] = [];
  const problems: ConfigProblem[] = [];
  const take = (key: string, value: unknown): void => {
    if (value === undefined) return;
    const place = { source: "program", key } as const;
    const setting = findSetting(key);
    if (setting !== undefined) given.push({ setting, value, written: writtenOf(value), place });
    else problems.push({ place, ...unknownKey(key) });
  };
  for (const [key, value] of Object.entries<unknown>(values)) {
    if (!sectionNames.has(key) || !isSection(value)) take(key, value);
    else for (const [name, inner] of Object.entries(value)) take(`${key}.${name}`, inner);
  }
  return { given, problems };
}

function unknownKey(key: string): Pick<ConfigProblem, "key" | "message" | "suggestion"> {
  const suggestion = nearest(key, allKeys);
  const meant = suggestion === undefined ? "" : `; did you mean ${suggestion}?`;
  return { key, message: `${key} is not a setting${meant}`, ...(suggestion === undefined ? {} : { suggestion }) };
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isSettingValue(value: unknown): value is SettingValue {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean";
}

function writtenOf(value: unknown): string {
  return isSettingValue(value) ? toToml(value) : `a value of type ${typeof value}`;
}
