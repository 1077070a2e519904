/** How a command reaches a peer: the one it was told, the one that runs with this home, or one made for the command alone. */
import { connect, ParleyError, type ParleyClient } from "@parley/sdk";
import type { Config } from "../config/index.ts";
import type { Peer, PeerOptions } from "../peer.ts";
import { connectTo, type ConnectOptions } from "./reach/connect.ts";
import { findTarget, runningTarget } from "./reach/target.ts";

/** A connection and what it takes to end it. */
export interface Access {
  readonly client: ParleyClient;
  /** Whether it is a peer of its own, here or elsewhere, or one inside this process. */
  readonly kind: "running" | "embedded";
  /** The one inside this process. */
  readonly peer: Peer | undefined;
  close(): Promise<void>;
}

/** Connects to the peer that runs with this home; undefined when there is none. @throws ParleyError when there is one and it refuses */
export async function connectRunning(
  config: Config,
  signal?: AbortSignal,
  session?: string,
): Promise<ParleyClient | undefined> {
  const running = await runningTarget(config);
  if (running === undefined) return undefined;
  try {
    // A command is about this peer, whose token is new at every start.
    return await connectTo(running, { signal, session });
  } catch (error) {
    // A peer that was killed leaves its file behind.
    if (error instanceof ParleyError && error.code === "cannot-connect") return undefined;
    throw error;
  }
}

/**
 * Connects to the peer that the command is to ask; undefined when none was named, and none runs with this home.
 * @throws ParleyError, PeerError as {@link connectTo} and {@link findTarget}
 */
export async function connectAsked(
  config: Config,
  env: NodeJS.ProcessEnv,
  options: ConnectOptions = {},
): Promise<ParleyClient | undefined> {
  if (config.client.peer === "") return connectRunning(config, options.signal, options.session);
  const target = await findTarget(config, env);
  return target && (await connectTo(target, options));
}

/**
 * Connects to the peer that is to be asked; where none was named and none runs, makes one in this process for as long as the command
 * runs.
 * @throws ParleyError, PeerError.
 */
export async function openAccess(
  config: Config,
  env: NodeJS.ProcessEnv,
  embedded: Pick<PeerOptions, "onStage" | "onNews">,
  signal?: AbortSignal,
  session?: string,
): Promise<Access> {
  const running = await connectAsked(config, env, { signal, movesOn: true, session });
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
