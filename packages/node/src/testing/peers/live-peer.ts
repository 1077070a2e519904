/** A peer in a process of its own, as whoever started it sees it. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { PeerReport } from "../../cluster/face.ts";
import type { FlagValues } from "../../config/index.ts";
import type {
  BidAnswer,
  GetAnswer,
  NoticedAnswer,
  PairAnswer,
  PeerIntroduction,
  PeerNews,
  PeerOrder,
  PeerProcessOptions,
  PeerStatus,
  PlainAnswers,
  PulledAnswer,
  PullOrder,
  PutAnswer,
  RevokeAnswer,
  RoomAnswer,
  TestEngines,
} from "./orders.ts";

const isSource = import.meta.url.endsWith(".ts");
const SCRIPT = fileURLToPath(new URL(isSource ? "peer-process.ts" : "peer-process.js", import.meta.url));
const NODE_FLAGS = isSource ? ["--conditions=parley-source"] : [];

const START_DEADLINE_MS = 60_000;
/** Added to what an order may take by itself. */
const ANSWER_MS = 2_000;
const ORDER_MS = 30_000;
const KEPT_STDERR_CHARACTERS = 16_384;

/**
 * A peer did not do what it was told. `code` is that of its `PeerError`; or `absent`: it was not even asked; `ended`, `silent`: it
 * may have done it; or `unexpected`.
 */
export class PeerFailure extends Error {
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.name = "PeerFailure";
    this.code = code;
  }
}

/** Where a peer runs, and who may see to its end. */
export interface LivePeerOptions {
  readonly name: string;
  /** Its folder; made when it starts. */
  readonly home: string;
  /** The address and port for other peers; where it has a network of its own it listens at all its addresses. */
  readonly host: string;
  readonly port: number;
  /** Peers to ask, as `host:port`. */
  readonly known: readonly string[];
  readonly joinSecret: string | undefined;
  readonly flags: FlagValues;
  /** Whether actors of the test's own run on it; see `test-actors.ts`. */
  readonly hasTestActors: boolean;
  readonly engines: TestEngines | undefined;
  /** Runs a program where this peer is to run, such as `ip netns exec NAME`. */
  readonly command: readonly string[];
  readonly guard: { watch(pid: number): void; forget(pid: number): void };
}

export class LivePeer {
  readonly name: string;
  readonly home: string;
  readonly #options: LivePeerOptions;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #host: string;
  #port: number;
  #child: ChildProcess | undefined;
  #introduction: PeerIntroduction | undefined;
  #changed: FlagValues = {};
  #program = SCRIPT;
  #isPaused = false;
  #isToEnd = false;
  #asked = 0;
  #stderr = "";
  /** What it said last before it ended though nobody had ended it. */
  #crash: string | undefined;

  constructor(options: LivePeerOptions) {
    this.#options = options;
    this.name = options.name;
    this.home = options.home;
    this.#host = options.host;
    this.#port = options.port;
  }

  /** Its libp2p peer id. @throws PeerFailure `absent` before its first start */
  get peerId(): string {
    return this.introduction.peerId;
  }

  get introduction(): PeerIntroduction {
    if (this.#introduction !== undefined) return this.#introduction;
    throw new PeerFailure(`${this.name} has never run`, "absent");
  }

  /** `host:port` for other peers. */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Whether it has an identity already. */
  get hasRun(): boolean {
    return this.#introduction !== undefined;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** Why it ended, if nobody wanted that. */
  get crash(): string | undefined {
    return this.#crash;
  }

  /** From its next start on. */
  moveTo(host: string, port = this.#port): void {
    this.#host = host;
    this.#port = port;
  }

  /** Other settings, from its next start on. */
  reconfigure(flags: FlagValues): void {
    this.#changed = { ...this.#changed, ...flags };
  }

  /** Another build of `peer-process.ts`, from its next start on; undefined: this one. */
  install(program: string | undefined): void {
    this.#program = program ?? SCRIPT;
  }

  /** Fulfilled when it answers clients; it may not belong to a cluster yet. @throws PeerFailure `ended`, `silent` */
  async start(): Promise<void> {
    if (this.#child !== undefined) return;
    const { home, command, guard } = this.#options;
    await mkdir(home, { recursive: true, mode: 0o700 });
    const [program, ...args] = [...command, process.execPath];
    const options = JSON.stringify(this.#processOptions());
    const child = spawn(program, [...args, ...NODE_FLAGS, this.#program, options], {
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#isToEnd = false;
    this.#isPaused = false;
    this.#stderr = "";
    const { pid } = child;
    if (pid !== undefined) guard.watch(pid);
    const ready = Promise.withResolvers<void>();
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR_CHARACTERS);
    });
    child.on("message", (news: PeerNews) => {
      if ("ready" in news) {
        this.#introduction = news.ready;
        ready.resolve();
      } else this.#answered(news);
    });
    child.once("error", (error) => ready.reject(error));
    child.once("exit", (code, signal) => {
      if (pid !== undefined) guard.forget(pid);
      ready.reject(this.#ended(child, `${code ?? signal}`));
    });
    const late = setTimeout(() => ready.reject(this.#silent("start")), START_DEADLINE_MS);
    await ready.promise.finally(() => clearTimeout(late));
  }

  /** kill -9. Fulfilled when it has ended. */
  async kill(): Promise<void> {
    await this.#end("SIGKILL");
  }

  /** In order. */
  async stop(): Promise<void> {
    this.resume();
    await this.#end("SIGTERM");
  }

  /** SIGSTOP. */
  pause(): void {
    this.#isPaused = this.#child?.kill("SIGSTOP") === true;
  }

  /** SIGCONT. */
  resume(): void {
    this.#child?.kill("SIGCONT");
    this.#isPaused = false;
  }

  /** Ends it and removes all that it knew: it would start as another peer. */
  async forget(): Promise<void> {
    await this.kill();
    await rm(this.home, { recursive: true, force: true });
  }

  /** @throws PeerFailure with the code of the peer's error; `absent`, `ended`, `silent` when there is no answer */
  async ask<T>(order: PeerOrder, timeoutMs = ORDER_MS): Promise<T> {
    const child = this.#child;
    if (child?.connected !== true) throw new PeerFailure(`${this.name} does not run`, "absent");
    const answered = Promise.withResolvers<unknown>();
    this.#asked += 1;
    const id = this.#asked;
    this.#waiting.set(id, answered);
    // A channel that breaks is told by the end of the process.
    child.send({ id, order }, () => undefined);
    const late = setTimeout(() => answered.reject(this.#silent(order.do)), timeoutMs);
    try {
      // The process behind it is this package's own, and answers as `orders.ts` says.
      // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
      return (await answered.promise) as T;
    } finally {
      clearTimeout(late);
      this.#waiting.delete(id);
    }
  }

  /** An order that takes nothing. */
  tell<Order extends keyof PlainAnswers>(order: Order, timeoutMs?: number): Promise<PlainAnswers[Order]> {
    return this.ask({ do: order }, timeoutMs);
  }

  put(
    key: string,
    value: string,
    options: { readonly when?: string | null; readonly timeoutMs?: number } = {},
  ): Promise<PutAnswer> {
    const { timeoutMs = 5_000, ...rest } = options;
    return this.ask({ do: "put", key, value, timeoutMs, ...rest }, timeoutMs + ANSWER_MS);
  }

  get(key: string, options: { readonly isStale?: boolean; readonly timeoutMs?: number } = {}): Promise<GetAnswer> {
    const { timeoutMs = 5_000, ...rest } = options;
    return this.ask({ do: "get", key, timeoutMs, ...rest }, timeoutMs + ANSWER_MS);
  }

  status(timeoutMs?: number): Promise<PeerStatus> {
    return this.tell("status", timeoutMs);
  }

  peers(timeoutMs?: number): Promise<readonly PeerReport[]> {
    return this.tell("peers", timeoutMs);
  }

  /** What its own watch has noticed since it started. */
  noticed(): Promise<NoticedAnswer> {
    return this.tell("noticed");
  }

  /** Pairs whose keys begin so, as current as a linearizable read. @throws PeerFailure `no-quorum` */
  range(prefix: string, timeoutMs = 5_000): Promise<readonly PairAnswer[]> {
    return this.ask({ do: "range", prefix, timeoutMs }, timeoutMs + ANSWER_MS);
  }

  /** Fulfilled when that room, wherever it lives, has written the note down. @throws PeerFailure */
  async note(room: string, note: string, timeoutMs = 5_000): Promise<void> {
    await this.ask({ do: "note", room, note, timeoutMs }, timeoutMs + ANSWER_MS);
  }

  /** Where that room lives. @throws PeerFailure */
  where(room: string, timeoutMs = 5_000): Promise<RoomAnswer> {
    return this.ask({ do: "where", room, timeoutMs }, timeoutMs + ANSWER_MS);
  }

  /** Hears a wake word that well; it must have taken a `seat`. @throws PeerFailure */
  bid(score: number, agoMs: number): Promise<BidAnswer> {
    return this.ask({ do: "bid", score, agoMs });
  }

  /** @throws PeerFailure */
  pull(what: Omit<PullOrder, "do">, timeoutMs: number): Promise<PulledAnswer> {
    return this.ask({ do: "pull", ...what }, timeoutMs);
  }

  /** By a code that a member shows. @throws PeerFailure */
  join(code: string, address?: string): Promise<null> {
    return this.ask({ do: "join", code, ...(address === undefined ? {} : { address }) }, 90_000);
  }

  revoke(who: string): Promise<RevokeAnswer> {
    return this.ask({ do: "revoke", who });
  }

  leave(): Promise<null> {
    return this.tell("leave", 60_000);
  }

  #processOptions(): PeerProcessOptions {
    const { name, home, known, joinSecret, flags, hasTestActors, engines, command } = this.#options;
    return {
      home,
      engines,
      joinSecret,
      hasTestActors,
      flags: {
        name,
        "listen.host": "127.0.0.1",
        "listen.port": "0",
        "mesh.host": command.length === 0 ? this.#host : "0.0.0.0",
        "mesh.port": String(this.#port),
        "cluster.discovery": "static",
        "cluster.join": known.join(","),
        "models.download": "false",
        "llm.provider": "embedded",
        "log.level": process.env["PARLEY_TEST_LOG"] ?? "silent",
        "log.format": "json",
        ...flags,
        ...this.#changed,
      },
    };
  }

  async #end(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    this.#isToEnd = true;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  }

  #ended(child: ChildProcess, how: string): PeerFailure {
    const said = this.#stderr.trim();
    const error = new PeerFailure(`${this.name} has ended (${how})${said === "" ? "" : `: ${said}`}`, "ended");
    if (!this.#isToEnd) this.#crash = error.message;
    for (const each of this.#waiting.values()) each.reject(error);
    if (this.#child === child) this.#child = undefined;
    this.#isPaused = false;
    return error;
  }

  #silent(what: string): PeerFailure {
    return new PeerFailure(`${this.name} does not answer ${what}`, "silent");
  }

  #answered(news: Exclude<PeerNews, { readonly ready: unknown }>): void {
    const waiting = this.#waiting.get(news.id);
    if ("error" in news) waiting?.reject(new PeerFailure(news.error, news.code));
    else waiting?.resolve(news.answer);
  }
}
