import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { NpmPackage } from "../types.ts";
import { hasCode } from "./file-errors.ts";
import type { FetchLimits } from "./limits.ts";
import { request } from "./request.ts";

const PUBLIC_REGISTRY = "https://registry.npmjs.org/";
/** The packuments of the catalogue are a few kilobytes. */
const MAX_PACKUMENT_BYTES = 8 << 20;

/** The part of a packument that is read. */
const Packument = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ tarball: z.url({ protocol: /^https?$/ }) }) })),
});

/** Where npm's configuration is looked for. */
export interface RegistryLookup {
  /** Wins over all configuration. */
  readonly registryUrl?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly projectFolder: string;
  readonly homeFolder: string;
}

/** The lookup of this process. */
export function processLookup(registryUrl?: string): RegistryLookup {
  return { registryUrl, env: process.env, projectFolder: process.cwd(), homeFolder: homedir() };
}

/**
 * The registry a package comes from, as npm would choose: the option, `npm_config_registry`, the project's `.npmrc`,
 * the user's `.npmrc`, npm's public registry. A scope's own registry (`@scope:registry=`) goes before a file's `registry=`.
 * @returns The URL, ending in `/`.
 */
export async function registryFor(packageName: string, lookup: RegistryLookup): Promise<string> {
  const { env } = lookup;
  const scope = packageName.startsWith("@") ? packageName.slice(0, packageName.indexOf("/")) : undefined;
  const userConfig = env["npm_config_userconfig"] ?? join(lookup.homeFolder, ".npmrc");
  const candidates = [
    () => lookup.registryUrl,
    () => env["npm_config_registry"] ?? env["NPM_CONFIG_REGISTRY"],
    () => fromNpmrc(join(lookup.projectFolder, ".npmrc"), scope, env),
    () => fromNpmrc(userConfig, scope, env),
  ];
  for (const candidate of candidates) {
    const url = await candidate();
    if (url !== undefined && URL.canParse(url)) return url.endsWith("/") ? url : `${url}/`;
  }
  return PUBLIC_REGISTRY;
}

async function fromNpmrc(
  path: string,
  scope: string | undefined,
  env: RegistryLookup["env"],
): Promise<string | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT", "EACCES", "EISDIR", "ENOTDIR")) return undefined;
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
  return (scope === undefined ? undefined : values.get(`${scope}:registry`)) ?? values.get("registry");
}

/** The URL every registry serves a tarball at; {@link tarballUrlByPackument} when one does not. */
export function conventionalTarballUrl(registry: string, pkg: NpmPackage): string {
  const baseName = pkg.name.slice(pkg.name.indexOf("/") + 1);
  return new URL(`${pkg.name}/-/${baseName}-${pkg.version}.tgz`, registry).href;
}

/** The tarball's URL as the registry's own packument states it; undefined when it does not. */
export async function tarballUrlByPackument(
  registry: string,
  pkg: NpmPackage,
  limits: FetchLimits,
  signal: AbortSignal,
): Promise<string | undefined> {
  const url = new URL(pkg.name.replace("/", "%2f"), registry).href;
  const answer = await request(
    url,
    { accept: "application/vnd.npm.install-v1+json, application/json" },
    limits,
    signal,
  );
  if (answer.kind !== "answer") return undefined;
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  const refusal = await answer.read((chunk) => {
    bytes += chunk.byteLength;
    if (bytes > MAX_PACKUMENT_BYTES) answer.cancel();
    else chunks.push(chunk);
    return Promise.resolve();
  });
  if (refusal !== undefined || bytes > MAX_PACKUMENT_BYTES) return undefined;
  const packument = Packument.safeParse(parseJson(Buffer.concat(chunks).toString("utf8")));
  return packument.data?.versions[pkg.version]?.dist.tarball;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // A registry that answers with something else than JSON has not told us a URL.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
