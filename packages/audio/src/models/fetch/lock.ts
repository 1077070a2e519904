import { mkdir } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { hasCode, throwIfAborted, writing } from "./file-errors.ts";

/** A holder that was killed is passed over this long after its last sign of life. */
const STALE_MS = 5_000;
const SIGN_OF_LIFE_MS = 1_000;
const POLL_MS = 200;

/** A lock on `path` (a folder that exists only while it is held), or undefined when another process holds it. */
async function tryLock(path: string, onLost: () => void): Promise<(() => Promise<void>) | undefined> {
  // It hears the process's signals from then on: only where there is something to lock, not in every program that embeds a peer.
  const { lock } = await import("proper-lockfile");
  try {
    return await lock(path, {
      lockfilePath: path,
      realpath: false,
      stale: STALE_MS,
      update: SIGN_OF_LIFE_MS,
      onCompromised: onLost,
    });
  } catch (error) {
    if (hasCode(error, "ELOCKED")) return undefined;
    throw error;
  }
}

/** Stopped and overtaken this often, a process stops trying. */
const MAX_TAKEOVERS = 3;

/**
 * Runs `run` while no other process (nor another caller in this one) holds the lock at `path`.
 * `run` gets a signal that is aborted when `signal` is, or when the lock was lost because this process was stopped for
 * so long that another one took over; then it waits for that one and runs again.
 * @param whileWaiting Called about five times a second while another holds it; a value ends the waiting with it.
 * @throws AudioError `job-cancelled`, `job-timed-out`, `disk-full`, `file-unwritable`, and what `run` throws.
 */
export async function withLock<T>(
  path: string,
  signal: AbortSignal,
  whileWaiting: () => Promise<T | undefined>,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  await writing(path, () => mkdir(dirname(path), { recursive: true }));
  for (let takeovers = 0; ;) {
    throwIfAborted(signal, `waiting for ${path}`);
    const lost = new AbortController();
    const release = await writing(path, () => tryLock(path, () => lost.abort()));
    if (release === undefined) {
      const value = await whileWaiting();
      if (value !== undefined) return value;
      // Jitter: many waiters do not knock at the same moment.
      await sleep(POLL_MS * (0.5 + Math.random()));
      continue;
    }
    try {
      return await run(AbortSignal.any([signal, lost.signal]));
    } catch (error) {
      takeovers += 1;
      if (!lost.signal.aborted || takeovers > MAX_TAKEOVERS) throw error;
    } finally {
      if (!lost.signal.aborted) await release();
    }
  }
}
