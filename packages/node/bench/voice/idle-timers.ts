/** A process that only waits, beside a measurement of waits: how late it wakes is the machine's doing, and nobody else's. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

const CHILD = fileURLToPath(new URL("idle-timers-child.ts", import.meta.url));

/**
 * Runs `body`, and beside it one timer of each of `delaysMs` after the other, again and again, in a process of its own. Gives what
 * `body` gave, and how many milliseconds each round of them was late; `body` is given those that there are so far.
 */
export async function besideIdleTimers<T>(
  delaysMs: readonly number[],
  body: (lateMs: readonly number[]) => Promise<T>,
): Promise<{ readonly value: T; readonly lateMs: readonly number[] }> {
  const lateMs: number[] = [];
  const child = fork(CHILD, delaysMs.map(String));
  const isOver = once(child, "exit");
  child.on("message", (late) => {
    if (typeof late === "number") lateMs.push(late);
  });
  try {
    return { value: await body(lateMs), lateMs };
  } finally {
    child.kill("SIGKILL");
    await isOver;
  }
}
