import { z } from "zod";
import type { NpmPackage } from "../types.ts";
import type { NpmConfig } from "./npm-config.ts";
import type { RequestOptions } from "./request.ts";
import { request } from "./request.ts";

const PUBLIC_REGISTRY = "https://registry.npmjs.org/";
/** The packuments of the catalogue are a few kilobytes. */
const MAX_PACKUMENT_BYTES = 8 << 20;

/** The part of a packument that is read. */
const Packument = z.object({
  versions: z.record(z.string(), z.object({ dist: z.object({ tarball: z.url({ protocol: /^https?$/ }) }) })),
});

/** Which registry, and how npm would speak with it. */
export interface RegistryLookup {
  /** The owner's explicit choice, which wins over all configuration; empty when there is none. */
  readonly registryUrl?: string | undefined;
  readonly npm: NpmConfig;
}

/**
 * The registry a package comes from: the owner's explicit choice, else npm's (a scope's own, `@scope:registry=`, before
 * `registry=`), else npm's public one.
 * @returns The URL, ending in `/`.
 */
export function registryFor(packageName: string, { registryUrl, npm }: RegistryLookup): string {
  const scope = packageName.startsWith("@") ? packageName.slice(0, packageName.indexOf("/")) : undefined;
  const set = npm.layers.map(
    (layer) => (scope === undefined ? undefined : layer.get(`${scope}:registry`)) ?? layer.get("registry"),
  );
  const url = [registryUrl, ...set].find((candidate) => candidate !== undefined && URL.canParse(candidate));
  return url === undefined ? PUBLIC_REGISTRY : url.endsWith("/") ? url : `${url}/`;
}

/**
 * The headers that let npm in at `url`: the `_authToken` an `.npmrc` has for its host, or for a folder above it there.
 * A token never goes to another host, nor, should the host redirect, along to one (Fetch standard, HTTP-redirect fetch).
 */
export function authorizationFor(url: string, { npm }: RegistryLookup): Readonly<Record<string, string>> {
  const { host, pathname } = new URL(url);
  for (let path = pathname; ; path = path.slice(0, path.lastIndexOf("/"))) {
    for (const place of [`//${host}${path}/`, `//${host}${path}`]) {
      const token = npm.files.map((file) => file.get(`${place}:_authToken`)).find((value) => value !== undefined);
      if (token !== undefined && token !== "") return { authorization: `Bearer ${token}` };
    }
    if (path === "") return {};
  }
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
  lookup: RegistryLookup,
  options: RequestOptions,
): Promise<string | undefined> {
  const url = new URL(pkg.name.replace("/", "%2f"), registry).href;
  const accept = "application/vnd.npm.install-v1+json, application/json";
  const answer = await request(url, { accept, ...authorizationFor(url, lookup) }, options);
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
