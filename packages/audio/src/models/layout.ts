import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileBytes } from "./fetch/disk.ts";
import { hasCode } from "./fetch/file-errors.ts";
import type { InstalledModel, ModelEntry, VerifyReport } from "./types.ts";

/**
 * Where things stand. A cache looks like a folder its owner could have made, `<cache>/<kind>/<name>/…`, so that one can
 * be given as the other; what is unfinished is under `<cache>/.fetching`.
 */
const FETCHING = ".fetching";

/** Folder of a complete model in the cache. */
export function cachedFolder(cacheFolder: string, entry: ModelEntry): string {
  return join(cacheFolder, entry.kind, entry.name);
}

/** Folder of a model's partial downloads. */
export function workFolder(cacheFolder: string, entry: ModelEntry): string {
  return join(cacheFolder, FETCHING, entry.name);
}

/** Path of the lock that a process holds while it fetches or removes a model. */
export function lockPath(cacheFolder: string, entry: ModelEntry): string {
  return join(cacheFolder, FETCHING, `${entry.name}.lock`);
}

/** What is wrong with a model's files, going by their sizes. */
export async function sizeProblems(entry: ModelEntry, folder: string): Promise<VerifyReport["problems"]> {
  const problems: VerifyReport["problems"][number][] = [];
  for (const { path, bytes } of entry.files) {
    const found = await fileBytes(join(folder, path));
    if (found === bytes) continue;
    problems.push({ path, problem: found === undefined ? "missing" : "wrong-size" });
  }
  return problems;
}

/**
 * Every folder in which `entry` may stand, the owner's before the cache: `<folder>/<name>`, `<folder>/<kind>/<name>`
 * and any other `<folder>/<subfolder>/<name>`.
 */
export async function candidateFolders(
  entry: ModelEntry,
  folders: readonly string[],
  cacheFolder: string,
): Promise<readonly Omit<InstalledModel, "entry">[]> {
  const names = [entry.name, ...(entry.alsoIn ?? [])];
  const candidates: Omit<InstalledModel, "entry">[] = [];
  for (const folder of folders) {
    const below = [".", entry.kind, ...(await subfolders(folder))];
    for (const name of names) {
      for (const sub of new Set(below)) candidates.push({ folder: join(folder, sub, name), origin: "folder" });
    }
  }
  return [...candidates, { folder: cachedFolder(cacheFolder, entry), origin: "cache" }];
}

async function subfolders(folder: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    return entries.filter((entry) => !entry.isFile() && !entry.name.startsWith(".")).map(({ name }) => name);
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR", "EACCES")) return [];
    throw error;
  }
}
