/** Looking after what stands: verifying it by hash, removing it from the cache. */
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { AudioError, isAudioError } from "../errors.ts";
import { folderExists, hashFile, moveIfPresent } from "./fetch/disk.ts";
import { hasCode, writing } from "./fetch/file-errors.ts";
import { withLock } from "./fetch/lock.ts";
import { cachedFolder, candidateFolders, lockPath, sizeProblems, workFolder } from "./layout.ts";
import type { ModelEntry, VerifyReport } from "./types.ts";

/** How long {@link removeFromCache} waits for a process that is fetching the same model. */
const REMOVE_WAIT_MS = 10_000;

/**
 * Takes a model and its partial downloads out of the cache.
 * @returns True when something was removed.
 * @throws AudioError `file-unwritable`, also when another process keeps fetching the model.
 */
export async function removeFromCache(entry: ModelEntry, cacheFolder: string): Promise<boolean> {
  if (!(await standsInCache(entry, cacheFolder))) return false;
  const busy = new AudioError("file-unwritable", `${entry.name} is being fetched by another process`, {
    nextStep: "Wait until that is done or stop it, then remove the model.",
    details: { model: entry.name },
  });
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(busy), REMOVE_WAIT_MS);
  const remove = (): Promise<true> => removeCached(entry, cacheFolder);
  try {
    return await withLock<boolean>(lockPath(cacheFolder, entry), patience.signal, async () => undefined, remove);
  } finally {
    clearTimeout(timer);
  }
}

/** The first folder in which at least one file of the model stands. */
export async function partlyStanding(
  entry: ModelEntry,
  folders: readonly string[],
  cacheFolder: string,
): Promise<string> {
  for (const { folder } of await candidateFolders(entry, folders, cacheFolder)) {
    const missing = (await sizeProblems(entry, folder)).filter(({ problem }) => problem === "missing");
    if (missing.length < entry.files.length) return folder;
  }
  throw new AudioError("model-missing", `${entry.name} is not installed`, {
    nextStep: `Fetch it with: parley models pull ${entry.name}`,
    details: { model: entry.name },
  });
}

/** Hashes every file of `entry` in `folder`. */
export async function verifyFolder(entry: ModelEntry, folder: string, signal: AbortSignal): Promise<VerifyReport> {
  const problems = [...(await sizeProblems(entry, folder))];
  for (const { path, sha256 } of entry.files) {
    if (problems.some((known) => known.path === path)) continue;
    try {
      if ((await hashFile(join(folder, path), signal)) !== sha256) problems.push({ path, problem: "wrong-sha256" });
    } catch (error) {
      if (isAudioError(error)) throw error;
      problems.push({ path, problem: hasCode(error, "ENOENT") ? "missing" : "unreadable" });
    }
  }
  return { model: entry.name, folder, ok: problems.length === 0, problems };
}

async function standsInCache(entry: ModelEntry, cacheFolder: string): Promise<boolean> {
  for (const folder of [cachedFolder(cacheFolder, entry), workFolder(cacheFolder, entry)]) {
    if (await folderExists(folder)) return true;
  }
  return false;
}

/** In one step out of sight first, so that a kill in the middle leaves no half model. */
async function removeCached(entry: ModelEntry, cacheFolder: string): Promise<true> {
  const work = workFolder(cacheFolder, entry);
  await writing(work, async () => {
    await mkdir(work, { recursive: true });
    await moveIfPresent(cachedFolder(cacheFolder, entry), join(work, "made-removed"));
    await rm(work, { recursive: true, force: true });
  });
  return true;
}
