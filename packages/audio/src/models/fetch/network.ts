import { readFile } from "node:fs/promises";
import http from "node:http";
import { resolve } from "node:path";
import tls from "node:tls";
import { hasCode } from "./file-errors.ts";
import type { NpmConfig, NpmPlace } from "./npm-config.ts";
import { learnNpmConfig, npmSetting, processPlace } from "./npm-config.ts";

/** What `fetch` takes to go another way than straight. */
export type Dispatcher = NonNullable<RequestInit["dispatcher"]>;

/** How models are fetched: the way npm is set to. */
export interface Network {
  readonly npm: NpmConfig;
  /** Leads through npm's proxy; undefined when npm uses none. */
  readonly dispatcher?: Dispatcher | undefined;
  /** npm's settings that could not be followed, in words; for the error when nothing can be fetched. */
  readonly problems: readonly string[];
}

let ofProcess: Promise<Network> | undefined;

/** The network of this process. npm is asked at the first call and never again. */
export function processNetwork(): Promise<Network> {
  return (ofProcess ??= setUpNetwork(processPlace()));
}

/**
 * Learns npm's settings and follows them. npm's authorities are trusted beside Node's own by every TLS connection of
 * this thread, as with NODE_EXTRA_CA_CERTS; npm's proxy is for those who pass the dispatcher on, so that neither
 * engines nor peers of the house are reached through it.
 */
export async function setUpNetwork(place: NpmPlace): Promise<Network> {
  const npm = await learnNpmConfig(place);
  const problems: string[] = [];
  const follow = async <T>(what: string, run: () => T | Promise<T>): Promise<T | undefined> => {
    try {
      return await run();
    } catch (error) {
      problems.push(`npm's ${what} cannot be used: ${error instanceof Error ? error.message : String(error)}`);
      return undefined;
    }
  };
  await follow("cafile or ca", () => trustAuthorities(npm, place.projectFolder));
  const dispatcher = await follow("proxy", () => proxyDispatcher(npm, place.env));
  return { npm, dispatcher, problems };
}

async function trustAuthorities(npm: NpmConfig, folder: string): Promise<void> {
  const file = npmSetting(npm, "cafile");
  const pem = `${npmSetting(npm, "ca") ?? ""}\n${file === undefined ? "" : await readOrNothing(resolve(folder, file))}`;
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return;
  tls.setDefaultCACertificates([...tls.getCACertificates("default"), ...certificates]);
}

/** npm, too, passes over a cafile that is not there. */
async function readOrNothing(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return "";
    throw error;
  }
}

/** npm goes by `https-proxy`, then `proxy`, for every address, then by the variables every program knows. */
function proxyDispatcher(npm: NpmConfig, env: NpmPlace["env"]): Dispatcher | undefined {
  const fromEnv = (name: string): string | undefined => env[name] ?? env[name.toUpperCase()];
  const set = npmSetting(npm, "https-proxy") ?? npmSetting(npm, "proxy");
  const https = set ?? fromEnv("https_proxy");
  const plain = set ?? fromEnv("https_proxy") ?? fromEnv("http_proxy") ?? fromEnv("proxy");
  if (!https && !plain) return undefined;
  const direct = (npmSetting(npm, "noproxy") ?? fromEnv("no_proxy") ?? "")
    .split(/[\s,]+/)
    .filter((host) => host !== "");
  return dispatcherFor({
    ...(https ? { https_proxy: https } : {}),
    ...(plain ? { http_proxy: plain } : {}),
    // For npm `example.org` means its subdomains as well.
    no_proxy: direct.flatMap((host) => (/^[.*\d[]/.test(host) ? [host] : [host, `.${host}`])).join(","),
  });
}

/**
 * Node can make such a dispatcher only as the one of the whole process. It is taken from where Node puts it, and the
 * former put back before anything else can run.
 */
function dispatcherFor(proxies: Readonly<Record<string, string>>): Dispatcher {
  const restore = http.setGlobalProxyFromEnv(proxies);
  try {
    const dispatcher: unknown = Reflect.get(globalThis, Symbol.for("undici.globalDispatcher.1"));
    if (!isDispatcher(dispatcher)) throw new Error("this Node keeps its proxy elsewhere; set NODE_USE_ENV_PROXY=1");
    return dispatcher;
  } finally {
    restore();
  }
}

function isDispatcher(value: unknown): value is Dispatcher {
  return typeof value === "object" && value !== null && "dispatch" in value && typeof value.dispatch === "function";
}
