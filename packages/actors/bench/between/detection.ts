/** How soon a host that is gone is known to be gone. */
import { Pair } from "./pair.ts";

/** Milliseconds from the signal to the message about the host's end, once per round. */
export async function detectionMs(signal: "SIGKILL" | "SIGSTOP", rounds: number): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const pair = await Pair.start();
    try {
      const ended = new Promise((resolve) => {
        pair.system.watch(pair.far, resolve);
      });
      await pair.far.ask<number>((replyTo) => ({ type: "counted", replyTo }));
      // Some heartbeats, to know the rhythm.
      await new Promise((resolve) => {
        setTimeout(resolve, 1_000 + 37 * round);
      });
      const startedMs = performance.now();
      pair.process.kill(signal);
      await ended;
      times.push(performance.now() - startedMs);
    } finally {
      await pair.close();
    }
  }
  return times;
}
