/** A process that hurts itself as it is told, and writes down each of its starts: `node hurt-process.ts NOTES KIND HOLD_MS`. */
import { appendFileSync, readFileSync } from "node:fs";
import { killAndStartAgain, killAlone, ownStart, standStill } from "../../../src/services/chaos/process-faults.ts";

const [notes = "", kind, hold] = process.argv.slice(2);
const [holdMs, mark] = [Number(hold), process.env["HURT_MARK"] ?? ""];
const { pid, argv, execArgv } = process;
appendFileSync(notes, `${JSON.stringify({ pid, given: argv.slice(2), execArgv, cwd: process.cwd(), mark })}\n`);
// It looks at the clock all the while: where it stood still, two looks are far apart.
let [lastMs, longestMs] = [performance.now(), 0];
setInterval(() => {
  const nowMs = performance.now();
  longestMs = Math.max(longestMs, nowMs - lastMs);
  lastMs = nowMs;
  if (longestMs > holdMs / 2) {
    appendFileSync(notes, `${JSON.stringify({ stoodStillMs: longestMs })}\n`);
    process.exit(0);
  }
}, 10);
const isFirst = readFileSync(notes, "utf8").trim().split("\n").length === 1;
if (isFirst && kind === "stop") await standStill(ownStart(), holdMs);
if (isFirst && kind === "kill") await killAndStartAgain(ownStart(), holdMs);
if (isFirst && kind === "kill-alone") await killAlone(ownStart());
if (!isFirst) process.exit(0);
