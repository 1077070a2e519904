/**
 * `npm run bench -- listening`: the engines that listen all the time, on speech, noise, music and household sounds that it
 * makes itself. Needs PARLEY_MODELS.
 *
 * Arguments: `--only frames|wake|alarms|idle`, `--minutes N` (of the false-alarm test, 60).
 */
import type { Bench, BenchRow } from "../../../tools/bench/types.ts";
import { frameRows } from "./listening/frames.ts";
import { alarmRows, idleRows, wakeRows } from "./listening/wake.ts";

const bench: Bench = async (args) => {
  const minutes = Number(valueOf(args, "--minutes") ?? 60);
  if (!Number.isInteger(minutes) || minutes < 1) throw new Error("--minutes takes a whole number of at least 1");
  const parts: Readonly<Record<string, () => Promise<readonly BenchRow[]>>> = {
    frames: frameRows,
    wake: wakeRows,
    alarms: () => alarmRows(minutes),
    idle: idleRows,
  };
  const only = valueOf(args, "--only");
  if (only !== undefined && !Object.hasOwn(parts, only)) {
    throw new Error(`--only takes one of ${Object.keys(parts).join(", ")}`);
  }
  const rows: BenchRow[] = [];
  for (const [name, part] of Object.entries(parts))
    if (only === undefined || only === name) rows.push(...(await part()));
  return { bench: "listening", rows };
};
export default bench;

function valueOf(args: readonly string[], name: string): string | undefined {
  const at = args.indexOf(name);
  return at === -1 ? undefined : args[at + 1];
}
