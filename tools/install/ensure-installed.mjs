/**
 * Runs before `npm start`, `npm test`, `npm run check` and `npm run bench`: brings node_modules in line with the lock
 * file, or returns at once. Plain JavaScript for the system's Node 20, because Node 24 itself is one of the packages.
 * Everything is said on stderr: stdout belongs to the command that follows.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { InstallError, explainFailure } from "./failure.mjs";
import { withLock } from "./lock.mjs";
import { forgetInstalled, isInstalled, markInstalled } from "./stamp.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const WAIT_FOR_OTHERS_MS = 20 * 60_000;
const STILL_HERE_MS = 15_000;
const OUTPUT_KEPT = 64 * 1024;
/** Settings of the command that called us which must not bend this install. */
const NOT_INHERITED =
  /^npm_config_(workspaces?|include_workspace_root|dry_run|package_lock_only|global|location|json|omit|only)$/i;

/** @param {string} text */
function say(text) {
  process.stderr.write(`parley: ${text}\n`);
}

/** npm as it called us, under the Node it ran with; else the one in PATH. */
function npmCommand() {
  const cli = process.env["npm_execpath"];
  if (cli !== undefined && basename(cli).startsWith("npm") && existsSync(cli)) {
    return { file: process.env["npm_node_execpath"] ?? process.execPath, args: [cli], shell: false };
  }
  return { file: "npm", args: [], shell: process.platform === "win32" };
}

/** @returns {Promise<void>} rejects with an {@link InstallError} */
async function runNpmInstall() {
  const npm = npmCommand();
  const inherited = Object.entries(process.env).filter(([name]) => !NOT_INHERITED.test(name));
  // As in .npmrc, of which npm 12 reads only what it knows.
  const env = { ...Object.fromEntries(inherited), ONNXRUNTIME_NODE_INSTALL: "skip" };
  // Development packages are wanted even under NODE_ENV=production: Node 24 itself is one.
  const args = [...npm.args, "install", "--include=dev", "--loglevel=error", "--no-audit", "--no-fund"];
  const child = spawn(npm.file, args, { cwd: ROOT, env, shell: npm.shell, stdio: ["ignore", "pipe", "pipe"] });
  let kept = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (/** @type {string} */ text) => {
      process.stderr.write(text);
      kept = (kept + text).slice(-OUTPUT_KEPT);
    });
  }
  const startedAt = Date.now();
  const stillHere = setInterval(() => say(`still installing (${seconds(startedAt)} s)`), STILL_HERE_MS);
  // A terminal's Ctrl-C reaches npm by itself; a plain kill does not.
  // Either way npm may end as if it had failed by itself, so what arrived is remembered.
  /** @type {string | null} */
  let arrived = null;
  const onTerm = () => {
    arrived = "SIGTERM";
    child.kill("SIGTERM");
  };
  const onInt = () => {
    arrived = "SIGINT";
    say("interrupted: waiting for npm to stop");
  };
  process.on("SIGTERM", onTerm).on("SIGINT", onInt);
  try {
    const [code, signal] = await once(child, "close");
    if (code !== 0) throw explainFailure({ code, signal: arrived ?? signal, output: kept });
  } catch (error) {
    if (error instanceof InstallError) throw error;
    throw new InstallError("npm-missing", "npm cannot be started", "Install npm 10 or newer (it comes with Node).", {
      cause: error,
    });
  } finally {
    clearInterval(stillHere);
    process.off("SIGTERM", onTerm).off("SIGINT", onInt);
  }
}

/** @param {number} sinceMs */
function seconds(sinceMs) {
  return Math.round((Date.now() - sinceMs) / 1000);
}

/** Our scripts run on the Node that the install brought; without install scripts its binary is not there. */
function assertNodeArrived() {
  const major = Number(process.versions.node.split(".")[0]);
  const binary = join(ROOT, "node_modules", "node", "bin", process.platform === "win32" ? "node.exe" : "node");
  if (major >= 24 || existsSync(binary)) return;
  throw new InstallError(
    "node-missing",
    "the packages are there, but not Node 24: npm did not run the install script of the package `node`",
    "Allow install scripts (`npm config set ignore-scripts false`) and run `npm rebuild node`, or install Node 24 yourself.",
  );
}

async function installUnderLock() {
  // Another process may have finished the work while we waited for the lock.
  if (isInstalled(ROOT)) return;
  const first = !existsSync(join(ROOT, "node_modules", ".package-lock.json"));
  say(
    first
      ? "first start: installing the packages that Parley needs (npm install; about 550 MB on disk, under a minute on a fast network)"
      : "the lists of packages have changed: running npm install",
  );
  const startedAt = Date.now();
  forgetInstalled(ROOT);
  await runNpmInstall();
  assertNodeArrived();
  markInstalled(ROOT);
  say(`packages are installed (${seconds(startedAt)} s)`);
}

async function main() {
  if (Number(process.versions.node.split(".")[0]) < 20) {
    throw new InstallError(
      "node-too-old",
      `this is Node ${process.versions.node}`,
      "Install Node 20 or newer; Parley brings its own Node 24.",
    );
  }
  if (isInstalled(ROOT)) return;
  await withLock(
    {
      folder: join(ROOT, "node_modules"),
      deadlineMs: WAIT_FOR_OTHERS_MS,
      onWait: (pid) => say(`another command (process ${pid}) is installing the packages: waiting for it`),
    },
    installUnderLock,
  );
}

try {
  await main();
} catch (error) {
  if (!(error instanceof InstallError)) throw error;
  say(`${error.message}. [${error.code}]`);
  say(`next: ${error.nextStep}`);
  process.exitCode = 1;
}
