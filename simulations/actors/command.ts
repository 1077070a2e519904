/** `npm run simulate -- actors`: seeds, one replay, or planted bugs. */
import { parseArgs } from "node:util";
import { SECOND } from "../kit/timeline.ts";
import { FAULTS, isFault, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";
import { replayCommand, shrink } from "./shrink.ts";

export const ACTORS_USAGE = `usage: npm run simulate -- actors [--seeds N] [--from S] [--json]
       npm run simulate -- actors --seed S [--faults A,B|none] [--trace]
       npm run simulate -- actors --planted [--bugs 1,2] [--seeds N] [--from S] [--json]`;

type Print = (line: string) => void;

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export async function actorsCommand(args: readonly string[], print: Print): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string", default: "100" },
      from: { type: "string", default: "1" },
      seed: { type: "string" },
      faults: { type: "string" },
      bugs: { type: "string", default: "" },
      planted: { type: "boolean", default: false },
      json: { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
    },
  });
  const [seeds, from, seed] = [values.seeds, values.from, values.seed ?? "0"].map(Number);
  if (!isCount(seeds) || !isCount(from) || !isCount(seed)) {
    throw new TypeError("--seeds, --from and --seed take whole numbers");
  }
  if (values.seed !== undefined) return replay(seed, values.faults, values.trace, print);
  if (values.planted) {
    const numbers = values.bugs === "" ? [] : values.bugs.split(",").map(Number);
    return huntAll(numbers, from, seeds, values.json, print);
  }
  return runSeeds(seeds, from, values.json, print);
}

function isCount(value: number | undefined): value is number {
  return value !== undefined && Number.isSafeInteger(value) && value >= 0;
}

async function replay(seed: number, faults: string | undefined, withTrace: boolean, print: Print): Promise<number> {
  const only = faults === undefined ? undefined : faultsNamed(faults);
  const run = await runSeed(seed, { ...(only && { only }), ...(withTrace && { trace: print }) });
  const { events, digest, handled, violation } = run;
  print(JSON.stringify({ seed, events, handled, digest, faults: run.faults, violation: violation ?? null }));
  return violation === undefined ? 0 : 1;
}

function faultsNamed(list: string): ReadonlySet<Fault> {
  const names = list === "none" ? [] : list.split(",");
  for (const name of names) {
    if (!isFault(name)) throw new TypeError(`there is no fault ${name}: ${FAULTS.join(", ")}`);
  }
  return new Set(names.filter((name) => isFault(name)));
}

async function runSeeds(seeds: number, from: number, asJson: boolean, print: Print): Promise<number> {
  const cpuBefore = process.cpuUsage();
  const faults: Partial<Record<Fault, number>> = {};
  const violations: Found[] = [];
  let [events, handled, virtualMicros] = [0, 0, 0];
  for (let seed = from; seed < from + seeds; seed += 1) {
    const run = await runSeed(seed);
    events += run.events;
    handled += run.handled;
    virtualMicros += run.virtualMicros;
    for (const fault of run.faults) faults[fault] = (faults[fault] ?? 0) + 1;
    if (run.violation !== undefined) violations.push(await found(run));
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const virtualHoursPerCpuHour = Math.round(virtualMicros / Math.max(user + system, 1));
  if (asJson) {
    const brief = violations.map(({ seed, invariant, replay }) => ({ seed, invariant, replay }));
    const figures = { seeds, events, handled, virtualHoursPerCpuHour, faults, violations: brief };
    print(JSON.stringify({ simulation: "actors", ...figures }));
  } else {
    const hours = (virtualMicros / SECOND / 3600).toFixed(1);
    print(`actors: ${seeds} seeds from ${from}, ${events} events, ${handled} messages handled, ${hours} virtual hours`);
    print(`${virtualHoursPerCpuHour} virtual hours per CPU hour; ${Object.keys(faults).length} fault kinds`);
    for (const { seed, invariant, message, replay } of violations) {
      print(`VIOLATION of ${invariant} by seed ${seed}: ${message}\n  replay: ${replay}`);
    }
    print(`${violations.length} violations`);
  }
  return violations.length === 0 ? 0 : 1;
}

interface Found {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
  readonly replay: string;
}

async function found(failing: Run): Promise<Found> {
  const shrunk = await shrink(failing);
  const { violation = { invariant: "", message: "" } } = shrunk;
  return { seed: failing.seed, ...violation, replay: replayCommand(shrunk) };
}

async function huntAll(
  numbers: readonly number[],
  from: number,
  seeds: number,
  asJson: boolean,
  print: Print,
): Promise<number> {
  let missed = 0;
  for (const bug of bugsNumbered(numbers)) {
    const { seeds: taken, caught } = await hunt(bug, from, seeds);
    if (taken === undefined) missed += 1;
    const { number, name } = bug;
    const found = { number, name, seeds: taken ?? null, invariant: caught?.violation?.invariant ?? null };
    const outcome = taken === undefined ? `NOT CAUGHT in ${seeds}` : `${taken} by ${found.invariant}`;
    print(asJson ? JSON.stringify(found) : `${String(number).padStart(2)}  ${name}: ${outcome}`);
  }
  return missed === 0 ? 0 : 1;
}
