import { readFile } from "node:fs/promises";
import { hasCode } from "./file-errors.ts";

/** npm settings by name; a list is one text, its items on lines of their own. */
export type NpmSettings = ReadonlyMap<string, string>;

export type Environment = Readonly<Record<string, string | undefined>>;

/** What an `.npmrc` says, `${NAME}` replaced from `env`; nothing when there is none that this user may read. */
export async function readNpmrc(path: string, env: Environment): Promise<NpmSettings> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "EISDIR", "ENOTDIR")) return new Map();
    throw error;
  }
  const values = new Map<string, string>();
  for (const line of text.split(/\r?\n/)) {
    const [, key, value] = /^\s*([^#;=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (key === undefined || value === undefined) continue;
    const bare = value.replace(/^(["'])(.*)\1$/, "$2");
    values.set(
      key,
      bare.replaceAll(/\$\{([^}]+)\}/g, (_, name: string) => env[name] ?? ""),
    );
  }
  return values;
}

/** The settings in `npm_config_…` variables, which npm reads in any case and with `_` for `-`. */
export function settingsInEnvironment(env: Environment): NpmSettings {
  const values = new Map<string, string>();
  for (const [name, value] of Object.entries(env)) {
    const key = /^npm_config_(?!_)(.+)$/i.exec(name)?.[1]?.toLowerCase().replaceAll("_", "-");
    if (key !== undefined && value !== undefined && value !== "") values.set(key, value);
  }
  return values;
}
