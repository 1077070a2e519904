#!/usr/bin/env node
/**
 * The command `parley`: finds the program (sources in a checkout, built files in an installed package) and a Node new
 * enough to run it, and steps aside. Plain JavaScript, because it may be started by an older Node.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NODE_MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));
const given = process.argv.slice(2);
/** A peer runs for months and does little; other commands run for a moment. */
const isPeer = given.includes("start");
/**
 * What is kept small: room for short-lived objects, which V8 lets grow to 16 MB, three times over, before it looks at it.
 */
const LEAN = isPeer ? ["--max-semi-space-size=2"] : [];
/** glibc gives each thread a heap of its own, for a peer's eleven some 6 MB. The program takes it away again, for engines it starts. */
const LEAN_ENVIRONMENT =
  isPeer && process.platform === "linux" && process.env["MALLOC_ARENA_MAX"] === undefined
    ? { MALLOC_ARENA_MAX: "1", PARLEY_LAUNCHER_SET: "MALLOC_ARENA_MAX" }
    : {};

/** @param {string} version */
const isEnough = (version) => Number(version.split(".")[0]) >= NODE_MAJOR;

/** @param {string} message @param {string} nextStep @returns {never} */
function giveUp(message, nextStep) {
  process.stderr.write(`parley: ${message}\nnext: ${nextStep}\n`);
  process.exit(1);
}

/** What is under way; a line of JSON for programs. @param {string} progress */
function tell(progress) {
  const isForPrograms = given.includes("--json");
  process.stderr.write(isForPrograms ? `${JSON.stringify({ progress })}\n` : `parley: ${progress}\n`);
}

/** @param {string} node that will run it */
async function findProgram(node) {
  const source = join(here, "..", "src", "main.ts");
  // A checkout runs its sources, and so do the workspace packages it imports.
  if (existsSync(source)) return ["--conditions=parley-source", (await programInOneFile(node)) ?? source];
  const built = join(here, "..", "dist", "main.js");
  if (existsSync(built)) return [built];
  return giveUp(
    `neither ${source} nor ${built} exists`,
    "In a checkout run `git status`; else install @parley/node again.",
  );
}

/**
 * The sources of a checkout as one file. For a peer it is made where it is not there yet; commands go without it.
 *
 * @param {string} node
 */
async function programInOneFile(node) {
  const root = join(here, "..", "..", "..");
  const tool = join(root, "tools", "bundle");
  if (!existsSync(tool)) return undefined;
  /** @type {typeof import("../../../tools/bundle/program.mjs")} */
  const { programPath } = await import(pathToFileURL(join(tool, "program.mjs")).href);
  const program = programPath(root);
  if (existsSync(program)) return program;
  if (!isPeer) return undefined;
  tell("making one program of the sources (some seconds, once after each change)");
  const { status, signal } = spawnSync(node, [join(tool, "main.ts")], { stdio: ["ignore", "ignore", "inherit"] });
  if (signal !== null) process.exit(128 + constants.signals[signal]);
  if (status === 0 && existsSync(program)) return program;
  tell("that did not work; starting from the sources, which takes more memory");
  return undefined;
}

/** This Node, or the one that the npm package `node` brought into the same node_modules. */
function findNode() {
  if (isEnough(process.versions.node)) return process.execPath;
  const require = createRequire(import.meta.url);
  try {
    const manifest = require.resolve("node/package.json");
    const binary = join(dirname(manifest), "bin", process.platform === "win32" ? "node.exe" : "node");
    /** @type {{ version: string }} */
    const { version } = JSON.parse(readFileSync(manifest, "utf8"));
    if (isEnough(version) && existsSync(binary)) return binary;
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") throw error;
  }
  return giveUp(
    `needs Node ${NODE_MAJOR} or newer; this is ${process.versions.node}`,
    existsSync(join(here, "..", "src"))
      ? "Run `npm install` in the checkout: it brings its own Node."
      : `Install Node ${NODE_MAJOR} (https://nodejs.org), or \`npm install node@${NODE_MAJOR}\` beside @parley/node.`,
  );
}

/**
 * The process id of the npm whose script this is (`npm start`, `npx parley start`): killed, it tells nobody. Whatever else has
 * started this process may end before it, as a shell does.
 */
function npmAbove() {
  const { npm_lifecycle_event: event, npm_lifecycle_script: script = "" } = process.env;
  const isItsScript = event === "npx" || /parley(\.js)?["']? start\b[^&]*$/.test(script);
  if (event === undefined || !isItsScript) return undefined;
  const parent = process.ppid;
  const shell = aboutProcess(parent);
  // Between npm and this process there is a shell, or none where it leaves its place.
  const isNpm = /^(npm|npx|node)/;
  if (shell === undefined || isNpm.test(shell.name)) return parent;
  return isNpm.test(aboutProcess(shell.parent)?.name ?? "") ? shell.parent : parent;
}

/** Undefined where the system does not tell it in files. @param {number} pid */
function aboutProcess(pid) {
  const file = `/proc/${pid}/stat`;
  if (!existsSync(file)) return undefined;
  const [, name = "", parent] = /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(file, "utf8")) ?? [];
  return { name, parent: Number(parent) };
}

const node = findNode();
const args = [...process.execArgv, ...LEAN, ...(await findProgram(node)), ...given];
const npm = isPeer ? npmAbove() : undefined;
const env = {
  ...process.env,
  ...LEAN_ENVIRONMENT,
  ...(npm === undefined ? {} : { PARLEY_LAUNCHER_NPM: String(npm) }),
};
// Where it can, the program takes this process's place: nobody stands between it and whoever started it.
if (isEnough(process.versions.node) && process.platform !== "win32") {
  process.execve?.(node, [node, ...args], env);
}
// Else the program must not outlive this process, however it ends: it sees this pipe close.
const LINE = 3;
const child = spawn(node, args, {
  stdio: ["inherit", "inherit", "inherit", "pipe"],
  env: { ...env, PARLEY_LAUNCHER_LINE: String(LINE) },
});
// What the program sends is nothing; that it closes the pipe is told by its end.
child.stdio[LINE]?.on("error", () => undefined);
// From a terminal, Ctrl-C and a hang-up reach the whole foreground group, the child included: passing them on would
// deliver them twice. Otherwise whoever sent the signal knows only this process.
const atTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY;
for (const signal of /** @type {const} */ (["SIGINT", "SIGHUP", "SIGTERM"])) {
  process.on(signal, () => {
    if (signal === "SIGTERM" || !atTerminal) child.kill(signal);
  });
}

child.on("error", (error) => giveUp(`cannot start ${child.spawnfile}: ${error.message}`, "Run `npm rebuild node`."));
child.on("exit", (code, signal) => {
  if (signal === null) process.exit(code ?? 1);
  // End the way the child ended, so that the shell sees it; the exit code is for signals this process survives.
  process.removeAllListeners(signal);
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
});
