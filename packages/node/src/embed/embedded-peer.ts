/** A whole peer inside another program: quiet, without a claim on the process, gone once it is closed. */
import pino, { type Logger } from "pino";
import type { AskOptions, AudioInput, ListenOptions, ParleyClient, SayOptions, TurnEvent } from "@parley/sdk";
import type { ClusterStatus } from "../cluster/face.ts";
import {
  hostFacts,
  lockHome,
  prepareHome,
  readConfig,
  type Config,
  type ConfigValues,
  type HomeLock,
} from "../config/index.ts";
import { errorOf, PeerError } from "../errors.ts";
import type { Extension } from "../extend/index.ts";
import { createLogger } from "../log.ts";
import { createPeer as startPeer, type Peer, type PeerOptions } from "../peer.ts";
import { PeerEmitter, type PeerEvents } from "./events.ts";
import { OwnClient } from "./own-client.ts";

/** Options of {@link createPeer}. What is not given is as `docs/CONFIGURATION.md` says. */
export interface EmbedOptions {
  /** The folder that holds its identity and what it keeps: one for each peer. */
  readonly home?: string | undefined;
  /** What people call it. */
  readonly name?: string | undefined;
  /** For clients; 0: any free one. */
  readonly port?: number | undefined;
  /** Whether it looks for others and forms a house with them. */
  readonly clustering?: boolean | undefined;
  /** Any settings, such as `{ llm: { max_tokens: 100 } }`; a whole {@link Config} as well. */
  readonly config?: Config | ConfigValues | undefined;
  /** A `parley.toml`; none is looked for otherwise. What is given above is stronger. */
  readonly configFile?: string | undefined;
  /** Where `PARLEY_…` settings are read from, such as `process.env`; nowhere when absent. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Where it logs, or true: to stderr, as `log.level` and `log.format` say. Nowhere when absent. */
  readonly log?: Logger | boolean | undefined;
  /** Closes the peer; what was not created yet is not. */
  readonly signal?: AbortSignal | undefined;
  /** What the program adds. */
  readonly extend?: Extension | undefined;
  /** Lets peers in, and this one into houses, without a code. At least 16 characters. */
  readonly joinSecret?: string | undefined;
  /** Whether requests wait for models that are being fetched. True. */
  readonly patient?: boolean | undefined;
  /** Services that are brought up at once; the others come up when first needed. None when absent. */
  readonly start?: Parameters<Peer["services"]["start"]>[0] | undefined;
  readonly onStage?: PeerOptions["onStage"] | undefined;
  readonly onNews?: PeerOptions["onNews"] | undefined;
  /** Engines in place of models; for tests. */
  readonly sources?: PeerOptions["sources"] | undefined;
}

/** A running peer, as the program sees it that it is embedded in. */
export interface EmbeddedPeer extends Peer, AsyncDisposable {
  /** Where clients connect, such as `ws://127.0.0.1:8765/ws`. */
  readonly socketUrl: string;
  /** Aborted as soon as it is being closed. */
  readonly closed: AbortSignal;
  /** Calls `listener` whenever that happens, until the result is called. What it throws is logged. */
  on<Name extends keyof PeerEvents>(name: Name, listener: (event: PeerEvents[Name]) => unknown): () => void;
  /** The program's own client, connected over loopback; closed with the peer. It has one conversation. @throws ParleyError, PeerError `interrupted` */
  client(): Promise<ParleyClient>;
  /** As {@link ParleyClient.ask}; a text may be given by itself. */
  ask(input: string | Parameters<ParleyClient["ask"]>[0], options?: AskOptions): AsyncIterable<TurnEvent>;
  /** As {@link ParleyClient.say}. */
  say(text: string, options?: SayOptions): AsyncIterable<TurnEvent>;
  /** As {@link ParleyClient.listen}. */
  listen(audio: AudioInput, options?: ListenOptions): AsyncIterable<TurnEvent>;
  /** As {@link ParleyClient.transcribe}. */
  transcribe(audio: AudioInput, options?: ListenOptions): Promise<string>;
}

/**
 * Starts a peer in this program. It installs no handlers on the process, writes nothing to stdout, and keeps nothing running once
 * it is closed.
 * @throws PeerError `config-invalid`, `home-unusable`, `port-in-use`, `usage` for what cannot be added, `interrupted` by `signal`
 */
export async function createPeer(options: EmbedOptions = {}): Promise<EmbeddedPeer> {
  const { signal } = options;
  if (signal?.aborted) throw interrupted(signal);
  const config = configOf(options);
  const log = loggerOf(options, config);
  const emitter = new PeerEmitter((error, name) => log.error({ err: error }, `a listener to ${name} failed`));
  const { extend, joinSecret, sources, patient = true } = options;
  const lock = await lockHome((await prepareHome(config.home)).lock);
  const peer = await startPeer({
    config,
    log,
    patient,
    extend,
    joinSecret,
    ...(sources === undefined ? {} : { sources }),
    onStage: (service, stage) => {
      options.onStage?.(service, stage);
      emitter.emit("stage", { service, stage });
    },
    onNews: (sentence) => {
      options.onNews?.(sentence);
      emitter.emit("news", sentence);
    },
    onTurn: (turn) => emitter.emit("turn", turn),
  }).catch(async (error: unknown) => {
    await lock.release();
    throw error;
  });
  const embedded = embed(peer, emitter, lock);
  closeAtAbort(embedded, signal, log);
  if (signal?.aborted) {
    await embedded.close();
    throw interrupted(signal);
  }
  if (options.start !== undefined) peer.services.start(options.start);
  return embedded;
}

/** A signal that outlives the peer holds on to nothing of it. */
function closeAtAbort(peer: EmbeddedPeer, signal: AbortSignal | undefined, log: Logger): void {
  signal?.addEventListener(
    "abort",
    () => void peer.close().catch((error: unknown) => log.error({ err: error }, "the peer could not be closed")),
    { once: true, signal: peer.closed },
  );
}

function embed(peer: Peer, emitter: PeerEmitter, lock: HomeLock): EmbeddedPeer {
  const own = new OwnClient(peer);
  const stopWatching = peer.cluster.onChange(() => {
    // To tell how a cluster is costs a look at all of it.
    if (emitter.hasListeners("cluster")) emitter.emit("cluster", statusOf(peer));
  });
  const over = new AbortController();
  let closing: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    over.abort();
    stopWatching();
    await own.close();
    try {
      await peer.close();
    } finally {
      await lock.release();
    }
  };
  const close = (): Promise<void> => (closing ??= end());
  return {
    ...peer,
    closed: over.signal,
    socketUrl: `${peer.url.replace(/^http/, "ws")}/ws`,
    on: (name, listener) => emitter.on(name, listener),
    client: () => own.get(),
    ask: (input, options) =>
      own.stream((client) => client.ask(typeof input === "string" ? { text: input } : input, options)),
    say: (text, options) => own.stream((client) => client.say(text, options)),
    listen: (audio, options) => own.stream((client) => client.listen(audio, options)),
    transcribe: async (audio, options) => (await own.get()).transcribe(audio, options),
    close,
    [Symbol.asyncDispose]: close,
  };
}

function statusOf({ cluster }: Peer): ClusterStatus {
  return cluster.status();
}

function configOf({ home, name, port, clustering, config = {}, configFile, env = {} }: EmbedOptions): Config {
  const values: ConfigValues = {
    ...config,
    home: home ?? config.home,
    name: name ?? config.name,
    listen: port === undefined ? config.listen : { ...config.listen, port },
    cluster: clustering === undefined ? config.cluster : { ...config.cluster, enabled: clustering },
  };
  const file = configFile ?? (env["PARLEY_CONFIG"] === undefined ? false : undefined);
  return readConfig({ env, cwd: process.cwd(), flags: {}, configFile: file, host: hostFacts(env), values }).config;
}

function loggerOf({ log = false }: EmbedOptions, config: Config): Logger {
  if (typeof log !== "boolean") return log;
  // Without a destination of its own it would take stdout for one, and hear when the process ends.
  return log ? createLogger(config) : pino({ level: "silent" }, { write: () => undefined });
}

function interrupted({ reason }: AbortSignal): PeerError {
  const cause = errorOf(reason);
  return new PeerError("interrupted", `the peer was not created: ${cause.message}`, {
    nextStep: "Create it again.",
    cause,
  });
}
