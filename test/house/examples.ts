/** The two example programs, copied to where nothing of this checkout is, and what they print. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, readdirSync, readFileSync, readlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { ROOT } from "./mini-house.ts";

/** A whole example at a load of many times what there are processors. */
const DEADLINE_MS = 180_000;

export interface ExampleManifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

/** Copies an example; its `package.json` then names `files` in place of versions, and no tools that this checkout has. */
export function copyExample(name: string, folder: string, files: ReadonlyMap<string, string>): ExampleManifest {
  cpSync(join(ROOT, "examples", name), folder, {
    recursive: true,
    filter: (path) => !/[\\/](?:node_modules|package-lock\.json)$/.test(path),
  });
  const path = join(folder, "package.json");
  const manifest: ExampleManifest = JSON.parse(readFileSync(path, "utf8"));
  const dependencies = Object.fromEntries(
    Object.entries(manifest.dependencies).map(([each, version]) => {
      const file = files.get(each);
      return [each, file === undefined ? version : `file:${file}`];
    }),
  );
  const { "@types/node": types = "" } = manifest.devDependencies;
  const installed = { ...manifest, dependencies, devDependencies: { "@types/node": types } };
  writeFileSync(path, JSON.stringify(installed, null, 2));
  return installed;
}

type Line = Readonly<Record<string, unknown>>;

/** A running example, read line by line. */
export class Example {
  readonly lines: Line[] = [];
  readonly process: ChildProcess;
  readonly ended: Promise<number | null>;
  #errors = "";
  #changed = Promise.withResolvers<void>();

  constructor(folder: string, args: readonly string[]) {
    // No word of this checkout: neither its condition nor its settings.
    const env = { PATH: process.env["PATH"] ?? "", HOME: folder, TMPDIR: folder };
    const child = spawn(process.execPath, ["main.ts", ...args], {
      cwd: folder,
      env,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: DEADLINE_MS,
      killSignal: "SIGKILL",
    });
    this.process = child;
    this.ended = once(child, "close").then(([code]: (number | null)[]) => code ?? null);
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#errors += text;
    });
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.lines.push(JSON.parse(line));
      this.#wake();
    });
    void this.ended.then(() => this.#wake());
  }

  /** What it wrote to stderr. */
  get errors(): string {
    return this.#errors;
  }

  /** The first line with `key`, once it is there. @throws what it said, when it ends without one */
  async line(key: string): Promise<Line> {
    for (;;) {
      const found = this.lines.find((line) => key in line);
      if (found !== undefined) return found;
      if (this.process.exitCode !== null || this.process.signalCode !== null) {
        throw new Error(`it ended without ${key}:\n${JSON.stringify(this.lines)}\n${this.#errors}`);
      }
      await this.#changed.promise;
    }
  }

  /** Its input ends, and with it the example. @returns its exit code */
  async end(): Promise<number | null> {
    this.process.stdin?.end();
    return await this.ended;
  }

  /** As a power cut would. */
  async kill(): Promise<void> {
    this.process.kill("SIGKILL");
    await this.ended;
  }

  #wake(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }
}

/** Ports of loopback that nobody uses now. */
export async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => {
    const address = server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** Command lines of processes that run in `folder`; none where the system does not tell. */
export function processesIn(folder: string): readonly string[] {
  return numbersIn("/proc").flatMap((pid) => {
    try {
      const at = readlinkSync(`/proc/${pid}/cwd`);
      return at.startsWith(folder) ? [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")] : [];
    } catch {
      // It has ended meanwhile, or is somebody else's.
      return [];
    }
  });
}

function numbersIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder).filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}
