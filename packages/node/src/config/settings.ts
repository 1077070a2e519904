/** The settings as a flat list, derived from the schema: what loading, showing and documenting them all walk over. */
import * as z from "zod";
import { configSchema } from "./schema.ts";
import type { SettingKey } from "./schema.ts";
import { sectionMeaning, settingMeta } from "./setting.ts";
import type { ComputedDefault, DefaultFacts, SettingMeta, SettingValue } from "./setting.ts";

/** One setting with everything known of it. */
export interface Setting {
  readonly key: SettingKey;
  /** "" for the settings that stand before the first section. */
  readonly section: string;
  /** The key within its section. */
  readonly name: string;
  readonly kind: "text" | "number" | "boolean";
  readonly meaning: string;
  readonly unit: string | undefined;
  /** What is allowed, to be read after "must be". */
  readonly allowed: string;
  readonly env: string;
  /** As commander writes it, such as `--port <port>`. */
  readonly flag: string | undefined;
  readonly isPath: boolean;
  readonly isSecret: boolean;
  /** The default in words, or as TOML when it is the same everywhere. */
  readonly defaultWords: string;
  /** A value to show in examples: the default, where that is the same everywhere. */
  readonly example: SettingValue;
  defaultValue(facts: DefaultFacts): SettingValue;
  accepts(value: unknown): value is SettingValue;
}

/** A section of the file. */
export interface Section {
  readonly name: string;
  readonly meaning: string;
}

/** Every setting, in the schema's order; `home` stands before all that depend on it. */
export const SETTINGS: readonly Setting[] = Object.entries(configSchema.shape).flatMap(([name, type]) =>
  type instanceof z.ZodObject
    ? Object.entries(type.shape).map(([inner, innerType]) => describe(name, inner, innerType))
    : [describe("", name, type)],
);

/** Every section, in the schema's order. */
export const SECTIONS: readonly Section[] = Object.entries(configSchema.shape).flatMap(([name, type]) =>
  type instanceof z.ZodObject ? [{ name, meaning: sectionMeaning.get(type)?.meaning ?? "" }] : [],
);

const byKey = new Map<string, Setting>(SETTINGS.map((setting) => [setting.key, setting]));

/** The setting called `key`, if there is one. */
export function findSetting(key: string): Setting | undefined {
  return byKey.get(key);
}

/** The long flag of a setting, without its argument: `--port`. */
export function flagName(setting: Setting): string | undefined {
  return setting.flag?.split(" ")[0];
}

/** `value` as TOML writes it; also a JSON value, because only basic strings, numbers and booleans occur. */
export function toToml(value: SettingValue): string {
  // JSON leaves DEL as it is; TOML forbids it.
  return JSON.stringify(value).replaceAll("\u007F", String.raw`\u007F`);
}

function describe(section: string, name: string, type: z.ZodType): Setting {
  const meta = settingMeta.get(type);
  const key = section === "" ? name : `${section}.${name}`;
  if (meta === undefined || !isSettingKey(key)) throw new Error(`the schema declares ${key} without setting()`);
  const fallback = meta.default;
  return Object.freeze({
    key,
    section,
    name,
    kind: kindOf(type),
    meaning: meta.meaning,
    unit: meta.unit,
    allowed: meta.allowed ?? allowedBy(type, meta),
    env: meta.env ?? environmentName(key),
    flag: meta.flag,
    isPath: meta.path ?? false,
    isSecret: meta.secret ?? false,
    defaultWords: isComputed(fallback) ? fallback.words : toToml(fallback),
    example: isComputed(fallback) ? fallback.example : fallback,
    defaultValue: (facts: DefaultFacts) => (isComputed(fallback) ? fallback.compute(facts) : fallback),
    accepts: (value: unknown): value is SettingValue => type.safeParse(value).success,
  });
}

/** The keys of the schema are what `SettingKey` is made of, so that being one of them is being a `SettingKey`. */
function isSettingKey(key: string): key is SettingKey {
  const [first = "", second] = key.split(".");
  const outer = Object.entries(configSchema.shape).find(([name]) => name === first)?.[1];
  return second === undefined
    ? outer !== undefined
    : outer instanceof z.ZodObject && Object.hasOwn(outer.shape, second);
}

function isComputed(fallback: SettingMeta["default"]): fallback is ComputedDefault {
  return typeof fallback === "object";
}

function kindOf(type: z.ZodType): Setting["kind"] {
  if (type instanceof z.ZodBoolean) return "boolean";
  return type instanceof z.ZodNumber ? "number" : "text";
}

function allowedBy(type: z.ZodType, meta: SettingMeta): string {
  if (type instanceof z.ZodEnum) return `one of ${type.options.map((option) => JSON.stringify(option)).join(", ")}`;
  if (type instanceof z.ZodBoolean) return "true or false";
  if (type instanceof z.ZodNumber) {
    return `a ${type.isInt ? "whole " : ""}number from ${type.minValue ?? "-inf"} to ${type.maxValue ?? "inf"}`;
  }
  const mayBeEmpty = type.safeParse("").success;
  return `${mayBeEmpty ? "" : "non-empty "}text${meta.path === true ? " that names a folder" : ""}`;
}

/** The environment variable that sets `key`, unless its setting names another. */
export function environmentName(key: string): string {
  return `PARLEY_${key.replaceAll(".", "_").toUpperCase()}`;
}
