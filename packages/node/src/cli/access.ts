/** How a command reaches a peer: the one that runs with this home, or one made for the command alone. */
import { readFile } from "node:fs/promises";
import { connect, ParleyError, type ParleyClient } from "@parley/sdk";
import * as z from "zod";
import { homePaths, type Config } from "../config/index.ts";
import { codeOf, messageOf, PeerError } from "../errors.ts";
import type { Peer, PeerOptions } from "../peer.ts";

/** What `parley start` leaves for commands to find it by. */
export const peerFileSchema = z.object({ pid: z.int(), url: z.url(), peerId: z.string() });
export type PeerFile = z.output<typeof peerFileSchema>;

/** A connection and what it takes to end it. */
export interface Access {
  readonly client: ParleyClient;
  /** Whether it is a peer of its own or one inside this process. */
  readonly kind: "running" | "embedded";
  /** The one inside this process. */
  readonly peer: Peer | undefined;
  close(): Promise<void>;
}

/** The running peer's file and token; undefined when no peer has left any. */
export async function findRunning(config: Config): Promise<(PeerFile & { readonly token: string }) | undefined> {
  const paths = homePaths(config.home);
  const [text, token] = await Promise.all([readIfThere(paths.peerFile), readIfThere(paths.cliToken)]);
  if (text === undefined || token === undefined) return undefined;
  const parsed = peerFileSchema.safeParse(jsonOrUndefined(text));
  // A file cut short by a crash is as good as none: the peer that wrote it is gone.
  return parsed.success ? { ...parsed.data, token: token.trim() } : undefined;
}

/** Connects to the running peer; undefined when there is none. @throws ParleyError when there is one and it refuses. */
export async function connectRunning(config: Config, signal?: AbortSignal): Promise<ParleyClient | undefined> {
  const running = await findRunning(config);
  if (running === undefined) return undefined;
  try {
    return await connect({
      url: `${running.url.replace(/^http/, "ws")}/ws`,
      token: running.token,
      clientId: `cli-${process.pid}`,
      // A command is about this peer, whose token is new at every start.
      reconnect: false,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    // A peer that was killed leaves its file behind.
    if (error instanceof ParleyError && error.code === "cannot-connect") return undefined;
    throw error;
  }
}

/**
 * Connects to the running peer, or makes one in this process for as long as the command runs.
 * @throws ParleyError, PeerError.
 */
export async function openAccess(
  config: Config,
  embedded: Pick<PeerOptions, "onStage" | "onNews">,
  signal?: AbortSignal,
): Promise<Access> {
  const running = await connectRunning(config, signal);
  if (running !== undefined) {
    return {
      client: running,
      kind: "running",
      peer: undefined,
      close: async () => running.close(),
    };
  }
  // The same path as to any peer, over loopback, on a port of its own; too short a life to belong to a cluster, or to listen.
  const quiet = {
    ...config,
    listen: { ...config.listen, host: "127.0.0.1", port: 0 },
    cluster: { ...config.cluster, enabled: false },
    ears: { ...config.ears, enabled: false },
    log: { ...config.log, level: "error" as const },
  };
  // Most commands find a peer that runs: they are spared loading another.
  const { createPeer } = await import("../peer.ts");
  const peer = await createPeer({ ...embedded, config: quiet, patient: true, isBrief: true });
  try {
    const client = await connect({
      url: `${peer.url.replace(/^http/, "ws")}/ws`,
      token: peer.token,
      reconnect: false,
    });
    return {
      client,
      kind: "embedded",
      peer,
      close: async () => {
        client.close();
        await peer.close();
      },
    };
  } catch (error) {
    await peer.close();
    throw error;
  }
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
