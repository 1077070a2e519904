/** Which peer a command asks: the one that it was told, or the one that runs with this home. */
import { readFile } from "node:fs/promises";
import * as z from "zod";
import { homePaths, isOwnMachine, readPeerAddress, type Config, type PeerAddress } from "../../config/index.ts";
import { codeOf, messageOf, PeerError } from "../../errors.ts";
import { givenToken } from "./token.ts";

/** What `parley start` leaves for commands to find it by. */
export const peerFileSchema = z.object({ pid: z.int(), url: z.url(), peerId: z.string() });
export type PeerFile = z.output<typeof peerFileSchema>;

/** A peer that can be asked. */
export interface Target {
  readonly address: Pick<PeerAddress, "host" | "http" | "socket" | "isSecure">;
  readonly token: string;
  /** Whose certificates are believed, PEM; undefined: without TLS. */
  readonly ca: readonly string[] | undefined;
  /** Of the one that was found by it; undefined: a person has named the peer. */
  readonly home: string | undefined;
}

/** The peer to ask; undefined: none was named, and none runs here. @throws PeerError `config-invalid`, `usage`, `home-unusable` */
export async function findTarget(config: Config, env: NodeJS.ProcessEnv): Promise<Target | undefined> {
  return config.client.peer === "" ? await runningTarget(config) : await namedTarget(config, env);
}

/** The one that runs with this home, whatever peer commands are told to ask. */
export async function runningTarget(config: Pick<Config, "home">): Promise<Target | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  const { origin, hostname } = new URL(running.url);
  const address = { host: hostname, http: origin, socket: `${origin.replace(/^http/, "ws")}/ws`, isSecure: false };
  return { address, token: running.token, ca: undefined, home: config.home };
}

async function namedTarget(config: Config, env: NodeJS.ProcessEnv): Promise<Target> {
  const address = readPeerAddress(config.client.peer);
  if (address === undefined) throw new TypeError("the schema has let an address through that is none");
  const token = givenToken(env, config) ?? (await ownToken(config, address));
  if (token === undefined) {
    throw new PeerError("usage", `${address.http} asks for a token, and none was given`, {
      nextStep:
        "On a machine of that house: parley client add NAME --role admin (or a lesser one) shows one, once. " +
        "Put it into PARLEY_TOKEN, or into a file for --token-file.",
    });
  }
  if (!address.isSecure) return { address, token, ca: undefined, home: undefined };
  // To read every certificate of the system takes its time: only who needs them does.
  const { believed } = await import("./certificates.ts");
  return { address, token, ca: await believed(config), home: undefined };
}

/** This home's own peer, named by an address of this machine. */
async function ownToken(config: Config, { host, port }: PeerAddress): Promise<string | undefined> {
  const running = isOwnMachine(host) ? await findRunning(config) : undefined;
  return running !== undefined && Number(new URL(running.url).port) === port ? running.token : undefined;
}

/** The running peer's file and token; undefined when no peer has left any. */
export async function findRunning({
  home,
}: Pick<Config, "home">): Promise<(PeerFile & { readonly token: string }) | undefined> {
  const paths = homePaths(home);
  const [text, token] = await Promise.all([readIfThere(paths.peerFile), readIfThere(paths.cliToken)]);
  if (text === undefined || token === undefined) return undefined;
  const parsed = peerFileSchema.safeParse(jsonOrUndefined(text));
  // A file cut short by a crash is as good as none: the peer that wrote it is gone.
  return parsed.success ? { ...parsed.data, token: token.trim() } : undefined;
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw new PeerError("home-unusable", `cannot read ${path}: ${messageOf(error)}`, {
      nextStep: "Check the folder's owner and permissions, or choose another with --home.",
      cause: error,
    });
  }
}

function jsonOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
