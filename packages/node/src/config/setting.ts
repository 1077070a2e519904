/** What a declaration of a setting is made of: its type, and what it says of itself. */
import * as z from "zod";

/** What a setting can hold. */
export type SettingValue = string | number | boolean;

/** What a default may depend on. */
export interface DefaultFacts {
  readonly hostname: string;
  readonly cores: number;
  /** Where this user's programs keep data, already ending in Parley's own folder. */
  readonly dataFolder: string;
  /** The value of `home`, which is settled before the others. */
  readonly home: string;
}

/** What a setting says of itself beside its type. */
export interface SettingMeta<V extends SettingValue = SettingValue> {
  /** One sentence or two: what the setting does. */
  readonly meaning: string;
  readonly default: V | ComputedDefault<V>;
  readonly unit?: string;
  /** What is allowed, when the type does not say it all. */
  readonly allowed?: string;
  /** Environment name, when it is not `PARLEY_` and the key. */
  readonly env?: string;
  /** The flag as commander writes it; `--no-x` sets a boolean to false. */
  readonly flag?: string;
  /** A path: `~` is the user's folder; relative to the file it stands in, or to the working folder. */
  readonly path?: true;
  /** Never shown. */
  readonly secret?: true;
}

/** A default that differs from machine to machine. */
export interface ComputedDefault<V extends SettingValue = SettingValue> {
  /** For people: "this machine's host name". */
  readonly words: string;
  /** Stands in the commented default file. */
  readonly example: V;
  readonly compute: (facts: DefaultFacts) => V;
}

/** Metadata of each setting, by its zod type. */
export const settingMeta = z.registry<SettingMeta>();

/** A sentence for each section, by its zod type. */
export const sectionMeaning = z.registry<{ readonly meaning: string }>();

/** Declares a setting. */
export function setting<T extends z.ZodType<SettingValue>>(type: T, meta: SettingMeta<z.output<T>>): T {
  settingMeta.add(type, meta);
  return type;
}

/** Declares a section of the file. */
export function section<S extends z.ZodRawShape>(meaning: string, shape: S): z.ZodObject<S, z.core.$strict> {
  const type = z.strictObject(shape);
  sectionMeaning.add(type, { meaning });
  return type;
}

export const text = () => z.string().max(4096);
export const nonEmpty = () => text().min(1);
export const whole = (min: number, max: number) => z.int().min(min).max(max);
export const number = (min: number, max: number) => z.number().min(min).max(max);
