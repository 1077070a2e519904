/** Waiting with an end to it. */
import { setTimeout as sleep } from "node:timers/promises";

/** Asks again and again until `ask` gives something. @throws Error with the last reason when `timeoutMs` have passed */
export async function until<Found>(
  what: string,
  timeoutMs: number,
  everyMs: number,
  ask: () => Promise<Found | undefined>,
): Promise<Found> {
  const giveUpAt = performance.now() + timeoutMs;
  let reason = "";
  while (performance.now() < giveUpAt) {
    try {
      const found = await ask();
      if (found !== undefined) return found;
    } catch (error) {
      reason = `: ${error instanceof Error ? error.message : String(error)}`;
    }
    await sleep(everyMs);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms${reason}`);
}
