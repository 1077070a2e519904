/** Small models for tests, and where to put them. */
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { createModelStore } from "../../../src/models/index.ts";
import type { FetchLimits, ModelEntry, ModelSource, ModelStore, ModelStoreOptions } from "../../../src/models/index.ts";

/** Impatient enough for tests; silence is still long compared with a busy machine's pauses. */
export const TEST_LIMITS: FetchLimits = {
  connectTimeoutMs: 10_000,
  idleTimeoutMs: 10_000,
  attempts: 3,
  backOffMs: 1,
  maxBackOffMs: 10,
  maxRetryAfterMs: 1_000,
};

export const sha256 = (content: Uint8Array): string => createHash("sha256").update(content).digest("hex");

/** Bytes that do not compress. */
export const noise = (bytes: number): Buffer => randomBytes(bytes);

/** A folder that is gone after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "parley-models-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** A catalogue entry for `files`. */
export function entryOf(
  name: string,
  files: Readonly<Record<string, Buffer>>,
  sources: readonly ModelSource[] = [],
  more: Partial<ModelEntry> = {},
): ModelEntry {
  return {
    name,
    kind: "stt",
    title: name,
    languages: [],
    voices: [],
    licence: { spdx: "MIT", url: "https://opensource.org/license/mit", use: "free" },
    needs: [],
    files: Object.entries(files).map(([path, content]) => ({ path, bytes: content.length, sha256: sha256(content) })),
    sources,
    ...more,
  };
}

/** An https source that has each path at its URL. */
export function httpsSource(urls: Readonly<Record<string, string>>, label = "official"): ModelSource {
  return { type: "https", label, files: Object.entries(urls).map(([path, url]) => ({ path, url })) };
}

/** A store over a temporary cache. */
export async function storeOf(
  catalogue: readonly ModelEntry[],
  options: Partial<ModelStoreOptions> = {},
): Promise<ModelStore & { readonly cacheFolder: string }> {
  const cacheFolder = options.cacheFolder ?? join(await temporaryFolder(), "cache");
  const store = createModelStore({ download: true, limits: TEST_LIMITS, ...options, cacheFolder, catalogue });
  return { ...store, cacheFolder };
}
