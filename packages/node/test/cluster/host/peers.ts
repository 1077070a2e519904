/** Real peers on loopback, in this process, with homes that vanish. */
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import pino from "pino";
import { onTestFinished } from "vitest";
import type { Cluster } from "../../../src/cluster/face.ts";
import { startCluster } from "../../../src/cluster/host/start.ts";
import type { ClusterOptions } from "../../../src/cluster/host/options.ts";
import { loadIdentity } from "../../../src/mesh/identity.ts";
import { temporaryFolder } from "../../support.ts";

export const SECRET = "a secret of more than sixteen characters";

/** Shorter than at home: loopback answers in milliseconds. */
const TIMES = { discoveryMs: 600, lookAgainMs: 300, quietMs: 600, retryMs: 100 };

const log = pino({ level: process.env["PARLEY_TEST_LOG"] ?? "silent" }, pino.destination(2));

export type TestPeerOptions = Partial<Omit<ClusterOptions, "identity" | "folder" | "listen" | "discovery">> & {
  readonly name: string;
  readonly port: number;
  /** Ports of others to ask. */
  readonly known?: readonly number[];
};

/** A peer that can be stopped and started again with the same home. */
export class TestPeer {
  readonly name: string;
  readonly port: number;
  readonly folder: string;
  readonly #options: TestPeerOptions;
  #cluster: Cluster | undefined;

  private constructor(options: TestPeerOptions, folder: string) {
    this.name = options.name;
    this.port = options.port;
    this.folder = folder;
    this.#options = options;
  }

  static async make(options: TestPeerOptions): Promise<TestPeer> {
    const { path, remove } = await temporaryFolder();
    const peer = new TestPeer(options, path);
    onTestFinished(async () => {
      await peer.stop();
      await remove();
    });
    return peer;
  }

  static async started(options: TestPeerOptions): Promise<TestPeer> {
    const peer = await TestPeer.make(options);
    await peer.start();
    return peer;
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error(`${this.name} does not run`);
    return this.#cluster;
  }

  async start(overrides: Partial<ClusterOptions> = {}): Promise<void> {
    this.#cluster = await startCluster({ ...(await this.clusterOptions()), ...overrides });
  }

  async clusterOptions(): Promise<ClusterOptions> {
    const { name, port, known = [], ...rest } = this.#options;
    return {
      identity: await loadIdentity(join(this.folder, "identity.key")),
      name,
      version: "0.1.0",
      folder: this.folder,
      listen: [{ host: "127.0.0.1", port }],
      discovery: { knownHosts: known.map((each) => ({ host: "127.0.0.1", port: each, peerId: undefined })) },
      describe: () => ({
        host: name,
        platform: "test",
        version: "0.1.0",
        roles: ["all"],
        hardware: [],
        models: [],
        languages: [],
        voices: [],
      }),
      services: () => ["stt"],
      log: log.child({ peer: name }),
      forming: TIMES,
      ...rest,
    };
  }

  async stop(): Promise<void> {
    await this.#cluster?.close();
    this.#cluster = undefined;
  }

  async homeOf(client: string): Promise<string> {
    return (await this.cluster.homeOf?.(client)) ?? "nowhere";
  }

  async put(key: string, value: string): Promise<string> {
    const put = { type: "put", key, value: Buffer.from(value) } as const;
    return (await this.cluster.shared?.submit(put, { timeoutMs: 10_000 }))?.outcome ?? "not-member";
  }
}

/** Ports that were free a moment ago. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, async () => {
      const server = createServer();
      await new Promise<void>((resolve) => {
        server.listen(0, "127.0.0.1", resolve);
      });
      return server;
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Peers that all know where all are. */
export async function peersKnowingAll(
  count: number,
  options: Partial<TestPeerOptions> = {},
): Promise<readonly TestPeer[]> {
  const ports = await freePorts(count);
  return Promise.all(ports.map((port, i) => TestPeer.make({ ...options, name: `peer-${i + 1}`, port, known: ports })));
}

/** One cluster of exactly these, all of one mind about who is prime. */
export function areOneCluster(peers: readonly TestPeer[]): boolean {
  const ids = new Set(peers.map(({ cluster }) => cluster.clusterId));
  const primes = new Set(peers.map(({ cluster }) => cluster.peers().find(({ isPrime }) => isPrime)?.peerId));
  const [id] = ids;
  const [prime] = primes;
  return (
    ids.size === 1 &&
    id !== undefined &&
    primes.size === 1 &&
    prime !== undefined &&
    peers.every(
      ({ cluster }) => cluster.peers().length === peers.length && cluster.peers().every(({ isOnline }) => isOnline),
    )
  );
}

export function primeOf(peers: readonly TestPeer[]): TestPeer | undefined {
  return peers.find(({ cluster }) => cluster.peers().some(({ isPrime, isSelf }) => isPrime && isSelf));
}
