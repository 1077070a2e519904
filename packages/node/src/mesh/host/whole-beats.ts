/** Timers that need not be exact, kept to the moments at which the process is awake anyway. */

/** Heartbeats of actors are made at whole multiples of this by the date, where all is calm; of half of it otherwise. */
const BEAT_MS = 200;
/** What is done more often than each so many beats keeps its own time. */
const LEAST_BEATS = 5;

/**
 * Runs `run` each `everyMs` at a whole beat: at which of them depends on when it was begun, so that hosts do not do it all at once.
 *
 * @returns ends that
 */
export function atWholeBeats(everyMs: number, run: () => void): () => void {
  if (everyMs < LEAST_BEATS * BEAT_MS) {
    const timer = setInterval(run, everyMs);
    return () => clearInterval(timer);
  }
  const periodMs = Math.round(everyMs / BEAT_MS) * BEAT_MS;
  const beganMs = (Date.now() - performance.now()) % BEAT_MS;
  const now = (): number => beganMs + performance.now();
  let dueMs = Math.round(now() / BEAT_MS) * BEAT_MS;
  let timer: NodeJS.Timeout;
  const wait = (): void => {
    const nowMs = now();
    dueMs += periodMs;
    // A process that stood still does it once, and not for all the time that it has missed.
    if (dueMs <= nowMs) dueMs = Math.round(nowMs / BEAT_MS) * BEAT_MS + periodMs;
    timer = setTimeout(
      () => {
        wait();
        run();
      },
      Math.max(1, dueMs - nowMs),
    );
  };
  wait();
  return () => clearTimeout(timer);
}
