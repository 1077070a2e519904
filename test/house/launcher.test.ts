import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from "vitest";
import { ROOT, run } from "./mini-house.ts";

const WAIT_MS = 30_000;

/** Stands for the program: tells how it was started, then does what its first argument says. */
const PROGRAM = `
const [what, ...rest] = process.argv.slice(2);
if (what === "exit") process.exit(Number(rest[0]));
if (what === "echo") process.stdin.pipe(process.stdout);
if (what === "facts") console.log(JSON.stringify({ rest, node: process.versions.node, execArgv: process.execArgv, file: import.meta.filename, pid: process.pid, arenas: process.env.MALLOC_ARENA_MAX, set: process.env.PARLEY_LAUNCHER_SET }));
if (what === "serve" || what === "stubborn") {
  if (what === "serve") for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) {
    process.on(signal, () => { console.log("got " + signal); process.exit(7); });
  }
  setInterval(() => {}, 1000);
  console.log("ready");
}
`;

let root: string;
let launcher: string;

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "parley-launcher-"));
  launcher = join(root, "bin/parley.js");
  cpSync(join(ROOT, "packages/node/bin"), join(root, "bin"), { recursive: true });
  writeFileSync(join(root, "package.json"), `{ "type": "module" }`);
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function place(path: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), PROGRAM);
}

/** A Node below 24, such as the system's, or undefined. */
async function oldNode(): Promise<string | undefined> {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const file = join(folder, "node");
    if (!existsSync(file)) continue;
    const { stdout } = await run(file, ["-p", "process.versions.node"], { cwd: tmpdir() });
    if (Number(stdout.split(".")[0]) < 24) return file;
  }
  return undefined;
}

/** Starts the launcher, waits until the program is ready, and returns what it printed once it has ended. */
async function startAndEnd(
  what: string,
  end: (child: ChildProcess) => void,
): Promise<{ readonly code: number | null; readonly signal: string | null; readonly stdout: string }> {
  const child = spawn(process.execPath, [launcher, what], { stdio: ["ignore", "pipe", "inherit"], timeout: WAIT_MS });
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    stdout += text;
    if (text.includes("ready")) end(child);
  });
  const [code, signal] = await once(child, "close");
  return { code, signal, stdout };
}

const PARLEY = join(ROOT, "packages/node/bin/parley.js");

/** That a peer ends in order when `file`, which started it, is killed. */
async function expectEnded(file: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<void> {
  const home = join(root, "home");
  const env = { ...process.env, PARLEY_HOME: home, PARLEY_LISTEN_PORT: "0", PARLEY_CLUSTER_ENABLED: "false", ...more };
  const child = spawn(file, args, { stdio: ["ignore", "pipe", "ignore"], env });
  let stdout = "";
  onTestFinished(() => {
    const pid = Number(/"pid":(\d+)/.exec(stdout)?.[1]);
    if (!stdout.includes('"stopped"') && pid > 0) process.kill(pid, "SIGKILL");
  });
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    const hadStarted = stdout.includes('"started"');
    stdout += text;
    if (!hadStarted && stdout.includes('"started"')) child.kill("SIGKILL");
  });
  // That it is closed says that the peer, who has it too, has ended.
  await once(child.stdout, "close");
  const events = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { event: string; pid?: number });
  expect(events[0]?.pid).not.toBe(child.pid);
  expect(events.at(-1)).toEqual({ event: "stopped" });
  expect(existsSync(join(home, "peer.json"))).toBe(false);
}

describe("the command parley", () => {
  it("runs the sources in a checkout, with the condition that finds the other sources", async () => {
    place("src/main.ts");
    place("dist/main.js");
    const { stdout } = await run(process.execPath, [launcher, "facts", "--flag", "a b"], { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({
      rest: ["--flag", "a b"],
      execArgv: ["--conditions=parley-source"],
      file: expect.stringMatching(/src\/main\.ts$/),
    });
  });

  it("runs the built files in an installed package", async () => {
    place("dist/main.js");
    const { stdout } = await run(process.execPath, [launcher, "facts"], { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({ execArgv: [], file: expect.stringMatching(/dist\/main\.js$/) });
  });

  it("keeps a peer small, and says what it has set for that", async () => {
    place("dist/main.js");
    const { MALLOC_ARENA_MAX: _, ...env } = process.env;
    const started = await run(process.execPath, [launcher, "facts", "start"], { cwd: root, env });
    expect(JSON.parse(started.stdout)).toMatchObject({
      execArgv: ["--max-semi-space-size=2"],
      ...(process.platform === "linux" && { arenas: "1", set: "MALLOC_ARENA_MAX" }),
    });
    const chosen = { ...env, MALLOC_ARENA_MAX: "4" };
    const { stdout } = await run(process.execPath, [launcher, "facts", "start"], { cwd: root, env: chosen });
    expect(JSON.parse(stdout)).toMatchObject({ arenas: "4" });
    expect(JSON.parse(stdout)).not.toHaveProperty("set");
  });

  it.skipIf(process.platform === "win32")("leaves its place to the program", async () => {
    place("dist/main.js");
    const child = spawn(process.execPath, [launcher, "facts"], { stdio: ["ignore", "pipe", "inherit"] });
    const [text] = await once(child.stdout.setEncoding("utf8"), "data");
    expect(JSON.parse(String(text))).toMatchObject({ pid: child.pid });
  });

  it("says what is wrong when there is neither", async () => {
    const { code, stderr } = await run(process.execPath, [launcher], { cwd: root });
    expect(stderr).toMatch(/^parley: neither .*src\/main\.ts nor .*dist\/main\.js exists\nnext: /);
    expect(code).toBe(1);
  });

  it("passes the exit code on", async () => {
    place("dist/main.js");
    expect((await run(process.execPath, [launcher, "exit", "42"], { cwd: root })).code).toBe(42);
  });

  it("passes stdin and stdout through", async () => {
    place("dist/main.js");
    const child = spawn(process.execPath, [launcher, "echo"], { stdio: ["pipe", "pipe", "inherit"], timeout: WAIT_MS });
    child.stdin.end("a question");
    const [text] = await once(child.stdout.setEncoding("utf8"), "data");
    await once(child, "close");
    expect(text).toBe("a question");
  });

  it.for(["SIGINT", "SIGTERM", "SIGHUP"] as const)(
    "passes %s on when it does not come from a terminal",
    async (signal) => {
      place("dist/main.js");
      const ended = await startAndEnd("serve", (child) => child.kill(signal));
      expect(ended).toEqual({ code: 7, signal: null, stdout: `ready\ngot ${signal}\n` });
    },
  );

  it("ends by the signal that ended the program", async () => {
    place("dist/main.js");
    const { code, signal } = await startAndEnd("stubborn", (child) => child.kill("SIGTERM"));
    expect({ code, signal }).toEqual({ code: null, signal: "SIGTERM" });
  });

  it("brings Node 24 along for an older Node, from the package `node` beside it", async ({ skip }) => {
    const old = await oldNode();
    if (old === undefined) return skip("no Node below 24 in the path");
    place("dist/main.js");
    mkdirSync(join(root, "node_modules"));
    symlinkSync(join(ROOT, "node_modules/node"), join(root, "node_modules/node"));
    const { stdout } = await run(old, [launcher, "facts"], { cwd: root });
    expect(JSON.parse(stdout)).toMatchObject({ node: expect.stringMatching(/^24\./) });
  });

  it(
    "does not leave a peer behind when it is killed while it could not leave its place",
    async ({ skip }) => {
      const old = await oldNode();
      if (old === undefined) return skip("no Node below 24 in the path");
      await expectEnded(old, [PARLEY, "--json", "start", "--no-models"]);
    },
    WAIT_MS * 2,
  );

  it.skipIf(process.platform !== "linux")(
    "does not leave a peer behind when the npm is killed whose script it is",
    async () => {
      // As npm does: a shell that waits, and what is told in the environment.
      const npm = `process.title = "npm start"; require("node:child_process").spawn("sh", ["-c", '"$NODE" "$PARLEY" --json start --no-models; exit'], { stdio: "inherit" })`;
      await expectEnded(process.execPath, ["-e", npm], {
        NODE: process.execPath,
        PARLEY,
        npm_lifecycle_event: "start",
        npm_lifecycle_script: "node packages/node/bin/parley.js start",
      });
    },
    WAIT_MS * 2,
  );

  it("says what it needs when an older Node is all there is", async ({ skip }) => {
    const old = await oldNode();
    if (old === undefined) return skip("no Node below 24 in the path");
    place("dist/main.js");
    const { code, stderr } = await run(old, [launcher], { cwd: root });
    expect(stderr).toMatch(/^parley: needs Node 24 or newer; this is \d+\.\d+\.\d+\nnext: Install Node 24/);
    expect(code).toBe(1);
  });
});
