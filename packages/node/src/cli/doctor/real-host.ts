/** The machine this process runs on, for the doctor. */
import { execFile, fork } from "node:child_process";
import { accessSync, constants, readFileSync, readdirSync } from "node:fs";
import { access, statfs } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { NO_TELEMETRY } from "@parley/audio/engines";
import { probeOllama } from "../../providers/ollama.ts";
import type { DoctorHost, EngineLoad, EngineName } from "./host.ts";

const COMMAND_TIMEOUT_MS = 5000;
const HEALTH_TIMEOUT_MS = 2000;
/** Loading native code from a cold disk takes a while on small machines. */
const ENGINE_TIMEOUT_MS = 60_000;

/** This machine; `env` is where the search path is looked up. */
export function realHost(env: NodeJS.ProcessEnv): DoctorHost {
  return {
    nodeVersion: process.versions.node,
    platform: process.platform,
    arch: process.arch,
    cores: os.availableParallelism(),
    totalMemoryBytes: os.totalmem(),
    readText: (file) => orUndefined(() => readFileSync(file, "utf8")),
    list: (folder) => orUndefined(() => readdirSync(folder)) ?? [],
    hasCommand: (name) => hasCommand(name, env),
    run,
    space,
    loadEngine: (name) => loadInChild(name, env),
    health,
    tryListen,
    ollama: (url, model) => probeOllama({ url, model }),
  };
}

/** The doctor asks for many things that most machines lack: absence is an answer, not a failure. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

function hasCommand(name: string, env: NodeJS.ProcessEnv): boolean {
  const folders = (env["PATH"] ?? "").split(path.delimiter).filter((folder) => folder !== "");
  const endings = process.platform === "win32" ? (env["PATHEXT"] ?? ".EXE").split(";") : [""];
  const files = folders.flatMap((folder) => endings.map((ending) => path.join(folder, name + ending)));
  return files.some((file) => orUndefined(() => accessSync(file, constants.X_OK) ?? true) === true);
}

function run(command: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    execFile(command, args, { timeout: COMMAND_TIMEOUT_MS, killSignal: "SIGKILL" }, (error, stdout) => {
      resolve(error === null ? stdout : undefined);
    });
  });
}

async function space(folder: string): Promise<{ freeBytes: number; writable: boolean } | undefined> {
  for (let at = path.resolve(folder); ; at = path.dirname(at)) {
    try {
      const { bavail, bsize } = await statfs(at);
      const writable = await access(at, constants.W_OK | constants.X_OK).then(
        () => true,
        () => false,
      );
      return { freeBytes: bavail * bsize, writable };
    } catch (error) {
      const isAbsent = error instanceof Error && "code" in error && error.code === "ENOENT";
      // A file in the way, or a disk that cannot be asked: nothing can be made there.
      if (!isAbsent || at === path.dirname(at)) return undefined;
    }
  }
}

function loadInChild(name: EngineName, env: NodeJS.ProcessEnv): Promise<EngineLoad> {
  // The sources run as .ts, the built package as .js; the compiler does not rewrite names in strings.
  const file = fileURLToPath(new URL(`engine-child${path.extname(import.meta.url)}`, import.meta.url));
  const child = fork(file, [name], {
    env: { ...env, ...NO_TELEMETRY },
    execArgv: [],
    stdio: ["ignore", "ignore", "ignore", "ipc"],
    timeout: ENGINE_TIMEOUT_MS,
    killSignal: "SIGKILL",
  });
  return new Promise((resolve) => {
    let answer: EngineLoad | undefined;
    child.on("message", (message) => {
      answer = engineAnswer(message);
    });
    child.on("error", (error) => resolve({ loaded: false, reason: error.message }));
    child.on("exit", (code, signal) => {
      const crash = `its process ended by itself (${signal ?? `exit code ${code}`})`;
      resolve(answer ?? { loaded: false, reason: crash });
    });
  });
}

function engineAnswer(message: unknown): EngineLoad {
  if (typeof message === "object" && message !== null) {
    if ("version" in message) return { loaded: true, version: String(message.version) };
    if ("reason" in message) return { loaded: false, reason: firstLine(String(message.reason)) };
  }
  return { loaded: false, reason: "its process gave no sensible answer" };
}

function firstLine(text: string): string {
  return (text.split("\n")[0] ?? "").replace(/\.$/, "");
}

async function health(host: string, port: number): Promise<unknown> {
  const authority = net.isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
  try {
    const response = await fetch(`http://${authority}/health`, { signal: AbortSignal.timeout(HEALTH_TIMEOUT_MS) });
    return await response.json();
  } catch {
    // Nothing there, or not HTTP, or not JSON: in any case not a Parley peer.
    return undefined;
  }
}

function tryListen(host: string, port: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const server = net.createServer();
    server.once("error", (error) => resolve("code" in error ? String(error.code) : error.message));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(undefined)));
  });
}
