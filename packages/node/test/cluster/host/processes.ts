/** Real peers as processes on loopback, for tests: killed when the test ends, their homes removed. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import type { PeerReport } from "../../../src/cluster/face.ts";
import type { FlagValues } from "../../../src/config/index.ts";
import { temporaryFolder } from "../../support.ts";
import { until } from "../../mesh/host/hosts.ts";
import { freePorts } from "./peers.ts";
import type { PeerProcessOptions, PeerRequest } from "./peer-process.ts";

const SCRIPT = fileURLToPath(new URL("peer-process.ts", import.meta.url));

type News = { readonly ready: { readonly peerId: string; readonly url: string; readonly token: string } } | Answer;
type Answer = { readonly id: number; readonly answer?: unknown; readonly error?: string; readonly code?: string };

export class PeerFailure extends Error {
  readonly code: string;
  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

export interface ProcessOptions {
  readonly name: string;
  readonly port: number;
  /** Ports of others to ask. */
  readonly known?: readonly number[];
  readonly joinSecret?: string;
  readonly flags?: FlagValues;
}

export class PeerProcess {
  readonly name: string;
  readonly port: number;
  readonly home: string;
  readonly #options: ProcessOptions;
  #child: ChildProcess | undefined;
  #asked = 0;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  peerId = "";

  private constructor(options: ProcessOptions, home: string) {
    this.name = options.name;
    this.port = options.port;
    this.home = home;
    this.#options = options;
  }

  static async make(options: ProcessOptions): Promise<PeerProcess> {
    const { path, remove } = await temporaryFolder();
    const peer = new PeerProcess(options, path);
    onTestFinished(async () => {
      await peer.kill("SIGKILL");
      await remove();
    });
    return peer;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  async start(): Promise<void> {
    const { name, port, known = [], joinSecret, flags = {} } = this.#options;
    const options: PeerProcessOptions = {
      home: this.home,
      joinSecret,
      flags: {
        name,
        "listen.port": "0",
        "mesh.host": "127.0.0.1",
        "mesh.port": String(port),
        "cluster.discovery": "static",
        "cluster.join": known.map((each) => `127.0.0.1:${each}`).join(","),
        "models.download": "false",
        "llm.provider": "embedded",
        "log.level": process.env["PARLEY_TEST_LOG"] ?? "silent",
        "log.format": "json",
        ...flags,
      },
    };
    const child = fork(SCRIPT, [JSON.stringify(options)], { execArgv: ["--conditions=parley-source"] });
    this.#child = child;
    const ready = Promise.withResolvers<void>();
    child.on("message", (news: News) => {
      if ("ready" in news) {
        this.peerId = news.ready.peerId;
        ready.resolve();
      } else this.#answered(news);
    });
    child.once("exit", (code) => {
      const error = new PeerFailure(`${name} has ended with ${code}`, "ended");
      ready.reject(error);
      for (const each of this.#waiting.values()) each.reject(error);
      this.#waiting.clear();
      if (this.#child === child) this.#child = undefined;
    });
    await ready.promise;
  }

  async kill(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  signal(signal: "SIGSTOP" | "SIGCONT"): void {
    this.#child?.kill(signal);
  }

  /** @throws PeerFailure */
  ask<T>(request: PeerRequest): Promise<T> {
    const answered = Promise.withResolvers<unknown>();
    this.#asked += 1;
    this.#waiting.set(this.#asked, answered);
    if (this.#child === undefined) answered.reject(new PeerFailure(`${this.name} does not run`, "ended"));
    else this.#child.send({ id: this.#asked, request });
    return answered.promise as Promise<T>;
  }

  put(key: string, value: string, timeoutMs = 5_000): Promise<string> {
    return this.ask({ do: "put", key, value, timeoutMs });
  }

  get(key: string, timeoutMs = 5_000): Promise<{ readonly outcome: string; readonly value?: string | null }> {
    return this.ask({ do: "get", key, timeoutMs });
  }

  peers(): Promise<readonly PeerReport[]> {
    return this.ask({ do: "peers" });
  }

  status(): Promise<Readonly<Record<string, unknown>> & { readonly belonging: string; readonly clusterId?: string }> {
    return this.ask({ do: "status" });
  }

  #answered({ id, answer, error, code }: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(answer);
    else waiting?.reject(new PeerFailure(error, code ?? "unexpected"));
  }
}

/** Peers that all know where all are, not started. */
export async function processesKnowingAll(
  count: number,
  options: Partial<ProcessOptions> = {},
): Promise<readonly PeerProcess[]> {
  const ports = await freePorts(count);
  return Promise.all(
    ports.map((port, i) => PeerProcess.make({ ...options, name: `peer-${i + 1}`, port, known: ports })),
  );
}

/** Waits until these, and no others, are one cluster of one mind; gives its prime. */
export async function untilOneCluster(peers: readonly PeerProcess[], roles?: "voter"): Promise<PeerProcess> {
  let prime: string | undefined;
  await until(async () => {
    const states = await Promise.all(peers.map((peer) => Promise.all([peer.status(), peer.peers()])));
    const ids = new Set(states.map(([{ clusterId }]) => clusterId));
    const primes = new Set(states.map(([, all]) => all.find(({ isPrime }) => isPrime)?.peerId));
    [prime] = primes;
    const isWhole = states.every(
      ([, all]) =>
        all.length === peers.length &&
        all.every(({ isOnline, role }) => isOnline && (roles === undefined || role === roles)),
    );
    return ids.size === 1 && primes.size === 1 && prime !== undefined && isWhole;
  }, "one cluster");
  const found = peers.find(({ peerId }) => peerId === prime);
  if (found === undefined) throw new Error("the prime is one of them");
  return found;
}
