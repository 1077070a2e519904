/** Peers as their owners start them: `parley start` in processes of its own, on loopback and without engines. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Guard } from "@parley/raft/testing";

const COMMAND = fileURLToPath(new URL("../../bin/parley.js", import.meta.url));
const UNITED_MS = 120_000;

interface Event {
  readonly event: string;
  readonly [key: string]: unknown;
}

/** One peer, which can be stopped and started again. */
export class ShippedPeer {
  readonly #env: NodeJS.ProcessEnv;
  readonly #guard: Guard;
  #child: ChildProcess | undefined;
  #pid = 0;
  #peerId: unknown;
  #prime: unknown;
  readonly #online = new Set<unknown>();

  constructor(env: NodeJS.ProcessEnv, guard: Guard) {
    this.#env = env;
    this.#guard = guard;
  }

  /** Of the process that is the peer. */
  get pid(): number {
    return this.#pid;
  }

  get isPrime(): boolean {
    return this.#prime !== undefined && this.#prime === this.#peerId;
  }

  start(joinSecret?: string): void {
    this.#prime = undefined;
    this.#online.clear();
    const secret = joinSecret === undefined ? {} : { PARLEY_JOIN_SECRET: joinSecret };
    const child = spawn(process.execPath, [COMMAND, "start", "--json"], {
      env: { ...this.#env, ...secret },
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#child = child;
    // The peer may be a process of its own behind the one that was started, and ends when that does.
    const { pid: launcher = 0 } = child;
    if (launcher > 0) this.#guard.watch(launcher);
    child.once("exit", () => [launcher, this.#pid].forEach((each) => this.#guard.forget(each)));
    createInterface({ input: child.stdout }).on("line", (line) => this.#heard(JSON.parse(line) as Event));
  }

  /** Whether it knows a prime and is linked with so many others. */
  isUnited(others: number): boolean {
    return typeof this.#prime === "string" && this.#online.size === others;
  }

  async stop(signal: "SIGTERM" | "SIGKILL" = "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  #heard({ event, ...told }: Event): void {
    if (event === "started") {
      this.#pid = Number(told["pid"]);
      this.#guard.watch(this.#pid);
      this.#peerId = told["peerId"];
    }
    if (event === "cluster") this.#prime = told["prime"] ?? undefined;
    if (event !== "peer") return;
    if (told["state"] === "online") this.#online.add(told["peerId"]);
    else this.#online.delete(told["peerId"]);
  }
}

/** So many peers that know each other's addresses, not started. `close` ends them and removes what they kept. */
export async function shippedPeers(
  count: number,
): Promise<{ readonly peers: readonly ShippedPeer[]; close(): Promise<void> }> {
  const folder = await mkdtemp(join(tmpdir(), "parley-shipped-"));
  const guard = new Guard(folder);
  const ports = await freePorts(count);
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("PARLEY_")));
  const peers = ports.map(
    (port) =>
      new ShippedPeer(
        {
          ...clean,
          PARLEY_HOME: join(folder, String(port)),
          PARLEY_NAME: `peer-${port}`,
          PARLEY_LOG_LEVEL: "silent",
          PARLEY_LISTEN_PORT: "0",
          PARLEY_MESH_HOST: "127.0.0.1",
          PARLEY_MESH_PORT: String(port),
          PARLEY_CLUSTER_ENABLED: "true",
          PARLEY_CLUSTER_DISCOVERY: "static",
          PARLEY_CLUSTER_JOIN: ports.map((each) => `127.0.0.1:${each}`).join(","),
          PARLEY_MODELS_DOWNLOAD: "false",
          PARLEY_LLM_PROVIDER: "embedded",
        },
        guard,
      ),
  );
  const close = async (): Promise<void> => {
    await Promise.all(peers.map((peer) => peer.stop("SIGKILL")));
    await guard.end();
  };
  return { peers, close };
}

/** @throws Error when they are not of one mind in time */
export async function untilShippedUnited(peers: readonly ShippedPeer[]): Promise<void> {
  const deadlineMs = performance.now() + UNITED_MS;
  while (!peers.every((peer) => peer.isUnited(peers.length - 1))) {
    if (performance.now() > deadlineMs) throw new Error(`no one cluster after ${UNITED_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
