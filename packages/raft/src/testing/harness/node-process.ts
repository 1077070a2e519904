/** One node of the harness as the process that started it sees it. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import type { Readable, Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { RaftError } from "../../errors.ts";
import type { NodeId } from "../../core/types.ts";
import { parseJson, parsePorts, type NodePorts } from "./control.ts";
import type { Guard } from "./guard.ts";
import type { ProcessConfig } from "./process-config.ts";

/** `dist` is what is published: it starts faster and takes less memory, and must have been built. */
export type CodeFrom = "sources" | "dist";

const START_DEADLINE_MS = 30_000;
const EXIT_DEADLINE_MS = 10_000;
const KEPT_STDERR_CHARACTERS = 16_384;
/** This file lies equally deep in sources and in built files. */
const PACKAGE = new URL("../../../", import.meta.url);

/**
 * What lives on a node's heap is some 20 MB. Without these V8 lets garbage of a busy node grow to several times that, because
 * it goes by how much memory the machine has.
 */
const HEAP_FLAGS: readonly string[] = ["--max-semi-space-size=4", "--max-old-space-size=256"];

/** How a process ended. */
export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface NodeProcessOptions {
  readonly config: ProcessConfig;
  readonly from: CodeFrom;
  readonly guard: Guard;
  /** Before those of the harness. */
  readonly nodeFlags: readonly string[];
}

/** A running node, or one that has ended. */
export class NodeProcess {
  readonly id: NodeId;
  readonly pid: number;
  readonly ports: NodePorts;
  /** Fulfilled when it has ended, however. */
  readonly ended: Promise<Ending>;
  readonly #child: NodeChild;
  readonly #stderr: StderrTail;
  #isPaused = false;
  #isToEnd = false;

  private constructor(id: NodeId, pid: number, ports: NodePorts, child: NodeChild, stderr: StderrTail) {
    this.id = id;
    this.pid = pid;
    this.ports = ports;
    this.#child = child;
    this.#stderr = stderr;
    this.ended = endOf(child);
  }

  /** Starts a process and waits until it listens. @throws RaftError `unreachable` with what it wrote on stderr. */
  static async start({ config, from, guard, nodeFlags }: NodeProcessOptions): Promise<NodeProcess> {
    const argv = [...HEAP_FLAGS, ...nodeFlags, ...commandOf(from), JSON.stringify(config)];
    const child: NodeChild = spawn(process.execPath, argv, { stdio: ["pipe", "pipe", "pipe"] });
    // A node that has died takes no input; that it died is told by its end.
    child.stdin.on("error", () => undefined);
    const stderr = new StderrTail(child.stderr);
    const { pid } = child;
    if (pid === undefined) {
      const [cause] = await once(child, "error");
      throw new RaftError("unreachable", `the process of node ${config.id} does not start`, { cause });
    }
    guard.watch(pid);
    const ended = endOf(child);
    void ended.then(() => guard.forget(pid));
    const deadline = new AbortController();
    const line = await Promise.race([
      firstLine(child.stdout),
      ended.then(() => undefined),
      delay(START_DEADLINE_MS, undefined, { signal: deadline.signal }).catch(() => undefined),
    ]);
    deadline.abort();
    if (line === undefined) {
      child.kill("SIGKILL");
      await ended;
      throw new RaftError("unreachable", `node ${config.id} did not start: ${stderr.text() || "it said nothing"}`);
    }
    return new NodeProcess(config.id, pid, parsePorts(parseJson(Buffer.from(line))), child, stderr);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  /** The end of what it wrote on stderr. */
  stderr(): string {
    return this.#stderr.text();
  }

  /** From now on its end is no surprise, whatever brings it. */
  expectEnd(): void {
    this.#isToEnd = true;
  }

  /** It ended though nobody told it to, and not in order: how, and what it said. */
  async crash(): Promise<string | undefined> {
    const { code, signal } = await this.ended;
    if (this.#isToEnd || code === 0) return undefined;
    return `node ${this.id} ended by itself (${signal ?? code}): ${this.stderr()}`;
  }

  /** `kill -9`; fulfilled when it is dead. */
  async kill(): Promise<void> {
    this.expectEnd();
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  pause(): void {
    this.#isPaused = this.#child.kill("SIGSTOP");
  }

  resume(): void {
    this.#child.kill("SIGCONT");
    this.#isPaused = false;
  }

  /** Waits for it to end by itself, kills it otherwise; how it ended. */
  async end(): Promise<Ending> {
    const deadline = new AbortController();
    const late = delay(EXIT_DEADLINE_MS, undefined, { signal: deadline.signal }).catch(() => undefined);
    const ending = await Promise.race([this.ended, late]);
    deadline.abort();
    if (ending === undefined) await this.kill();
    return ending ?? this.ended;
  }
}

type NodeChild = ChildProcessByStdio<Writable, Readable, Readable>;

function commandOf(from: CodeFrom): readonly string[] {
  if (from === "sources") {
    return ["--conditions=parley-source", fileURLToPath(new URL("src/testing/harness/process.ts", PACKAGE))];
  }
  const built = fileURLToPath(new URL("dist/testing/harness/process.js", PACKAGE));
  if (!existsSync(built)) throw new RaftError("unavailable", "nothing is built: npm run build -- @parley/raft");
  return [built];
}

async function endOf(child: NodeChild): Promise<Ending> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  return { code: child.exitCode, signal: child.signalCode };
}

/** The first line on `stream`; undefined when it ends before. What follows is read and dropped. */
async function firstLine(stream: Readable): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let text = "";
  stream.setEncoding("utf8");
  stream.on("data", (chunk: string) => {
    text += chunk;
    const end = text.indexOf("\n");
    if (end >= 0) resolve(text.slice(0, end));
    text = text.slice(0, KEPT_STDERR_CHARACTERS);
  });
  stream.once("end", () => resolve(undefined));
  return promise;
}

class StderrTail {
  #text = "";

  constructor(stream: Readable) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      this.#text = (this.#text + chunk).slice(-KEPT_STDERR_CHARACTERS);
    });
  }

  text(): string {
    return this.#text.trim();
  }
}
