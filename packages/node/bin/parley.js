#!/usr/bin/env node
/**
 * The command `parley`: finds the program (sources in a checkout, built files in an installed package) and a Node new
 * enough to run it, and steps aside. Plain JavaScript, because it may be started by an older Node.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NODE_MAJOR = 24;
const here = dirname(fileURLToPath(import.meta.url));

/** @param {string} version */
const isEnough = (version) => Number(version.split(".")[0]) >= NODE_MAJOR;

/** @param {string} message @param {string} nextStep @returns {never} */
function giveUp(message, nextStep) {
  process.stderr.write(`parley: ${message}\nnext: ${nextStep}\n`);
  process.exit(1);
}

function findProgram() {
  const source = join(here, "..", "src", "main.ts");
  // A checkout runs its sources, and so do the workspace packages it imports.
  if (existsSync(source)) return ["--conditions=parley-source", source];
  const built = join(here, "..", "dist", "main.js");
  if (existsSync(built)) return [built];
  return giveUp(
    `neither ${source} nor ${built} exists`,
    "In a checkout run `git status`; else install @parley/node again.",
  );
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

const child = spawn(findNode(), [...process.execArgv, ...findProgram(), ...process.argv.slice(2)], {
  stdio: "inherit",
});

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
