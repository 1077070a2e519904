/**
 * One install at a time, however many commands were started. The lock is a file `.parley-install.lock.N` created
 * exclusively. A dead holder's file is not taken over but outnumbered by N + 1 (two waiters that both removed and created
 * one name could each remove the other's), and whoever finds another living holder after creating backs out.
 */
import {
  mkdirSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { InstallError } from "./failure.mjs";

const PREFIX = ".parley-install.lock.";
const BEAT_MS = 2_000;
/** A holder that has not touched its file for this long is gone, whatever its process id says. */
const SILENT_MS = 30_000;
const POLL_MS = 100;

/** @param {unknown} error @returns {string | undefined} */
const codeOf = (error) => (error instanceof Error && "code" in error ? String(error.code) : undefined);

/** @param {string} folder */
function generations(folder) {
  return readdirSync(folder)
    .filter((name) => name.startsWith(PREFIX))
    .map((name) => Number(name.slice(PREFIX.length)))
    .filter((n) => Number.isSafeInteger(n) && n > 0)
    .toSorted((a, b) => a - b);
}

/** @param {string} path @returns {{ pid: number, alive: boolean }} */
function holderOf(path) {
  try {
    const silentMs = Date.now() - statSync(path).mtimeMs;
    const [pid = "0", host = ""] = readFileSync(path, "utf8").split("\n");
    if (silentMs > SILENT_MS) return { pid: Number(pid), alive: false };
    // An empty file is a holder between creating and writing.
    if (Number(pid) === 0 || host !== hostname()) return { pid: Number(pid), alive: true };
    try {
      process.kill(Number(pid), 0);
    } catch (error) {
      return { pid: Number(pid), alive: codeOf(error) !== "ESRCH" };
    }
    return { pid: Number(pid), alive: true };
  } catch (error) {
    if (codeOf(error) === "ENOENT") return { pid: 0, alive: false };
    throw error;
  }
}

/** @param {string} folder @param {number} mine @returns {string | undefined} the lock file's path when it was won */
function tryCreate(folder, mine) {
  const path = join(folder, `${PREFIX}${mine}`);
  let file;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if (codeOf(error) === "EEXIST") return undefined;
    throw error;
  }
  writeSync(file, `${process.pid}\n${hostname()}\n`);
  closeSync(file);
  const others = generations(folder).filter((n) => n !== mine);
  // Of two that created at about the same time the later sees the earlier, so at most one passes here.
  if (others.some((n) => holderOf(join(folder, `${PREFIX}${n}`)).alive)) {
    rmSync(path, { force: true });
    return undefined;
  }
  for (const n of others) rmSync(join(folder, `${PREFIX}${n}`), { force: true });
  return path;
}

/**
 * Runs `work` while no other process holds the lock of `folder`.
 *
 * @param {{ folder: string, deadlineMs: number, onWait: (pid: number) => void }} options `onWait` is called once, when
 *   somebody else holds the lock; waiting longer than `deadlineMs` rejects with the holder's process id and file
 * @param {() => Promise<void>} work
 */
export async function withLock({ folder, deadlineMs, onWait }, work) {
  mkdirSync(folder, { recursive: true });
  const deadline = Date.now() + deadlineMs;
  let told = false;
  for (;;) {
    const last = generations(folder).at(-1) ?? 0;
    const path = join(folder, `${PREFIX}${last}`);
    const holder = last === 0 ? { pid: 0, alive: false } : holderOf(path);
    const won = holder.alive ? undefined : tryCreate(folder, last + 1);
    if (won !== undefined) return await hold(won, work);
    if (Date.now() > deadline) {
      throw new InstallError(
        "busy",
        `process ${holder.pid} has held the install lock for more than ${Math.round(deadlineMs / 1000)} s`,
        `Stop that process, or delete ${path} if it is not an install, then run the same command again.`,
      );
    }
    if (!told && holder.alive) onWait(holder.pid);
    told ||= holder.alive;
    await sleep(POLL_MS * (0.5 + Math.random()));
  }
}

/** @param {string} path @param {() => Promise<void>} work */
async function hold(path, work) {
  const beat = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch (error) {
      // Whoever deleted node_modules under a running install gets npm's own error; the beat has nothing to add.
      if (codeOf(error) !== "ENOENT") throw error;
    }
  }, BEAT_MS);
  try {
    await work();
  } finally {
    clearInterval(beat);
    rmSync(path, { force: true });
  }
}
