/** Waits for the delays it is given, one after the other, and tells how late it was; until it is ended. */
import { setTimeout as sleep } from "node:timers/promises";

const delaysMs = process.argv.slice(2).map(Number);
const wholeMs = delaysMs.reduce((sum, ms) => sum + ms, 0);
process.on("disconnect", () => process.exit());
for (;;) {
  const startedMs = performance.now();
  for (const ms of delaysMs) await sleep(ms);
  process.send?.(performance.now() - startedMs - wholeMs);
}
