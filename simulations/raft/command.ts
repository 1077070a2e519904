/** `npm run simulate -- raft`: seeds, one replay, or planted bugs. */
import { parseArgs } from "node:util";
import { SECOND } from "../kit/timeline.ts";
import { FAULTS, isFault, type Fault } from "./plan.ts";
import { bugsNumbered, hunt } from "./planted.ts";
import { runSeed, type Run } from "./run.ts";
import { replayCommand, shrink } from "./shrink.ts";

export const RAFT_USAGE = `usage: npm run simulate -- raft [--seeds N] [--from S] [--minutes M] [--json]
       npm run simulate -- raft --seed S [--faults A,B|none] [--trace]
       npm run simulate -- raft --planted [--bugs 1,2] [--seeds N] [--from S] [--json]`;

const DEFAULT_SEEDS = 1000;

type Print = (line: string) => void;

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise, 2 misused. */
export async function raftCommand(args: readonly string[], print: Print): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seeds: { type: "string" },
      from: { type: "string", default: "1" },
      minutes: { type: "string" },
      seed: { type: "string" },
      faults: { type: "string" },
      bugs: { type: "string" },
      json: { type: "boolean", default: false },
      trace: { type: "boolean", default: false },
      planted: { type: "boolean", default: false },
    },
  });
  const from = wholeNumber("from", values.from);
  const { seeds, minutes } = extentOf(values);
  if (values.bugs !== undefined && !values.planted) throw new TypeError("--bugs goes with --planted");
  if (values.seed !== undefined) {
    return replay(wholeNumber("seed", values.seed), values.faults, values.trace, print);
  }
  if (values.planted) {
    const numbers = values.bugs?.split(",").map((number) => wholeNumber("bugs", number)) ?? [];
    return huntAll(numbers, from, seeds === Infinity ? DEFAULT_SEEDS : seeds, values.json, print);
  }
  return runSeeds({ seeds, from, minutes, asJson: values.json, print });
}

/**
 * How many seeds to run, and for how long at most; whoever names a time and no number of seeds has all of it used.
 * @throws TypeError when either is no positive number
 */
export function extentOf(asked: { readonly seeds?: string | undefined; readonly minutes?: string | undefined }): {
  readonly seeds: number;
  readonly minutes: number;
} {
  const minutes = asked.minutes === undefined ? Infinity : Number(asked.minutes);
  if (!(minutes > 0)) throw new TypeError("--minutes takes a positive number");
  if (asked.seeds !== undefined) return { seeds: wholeNumber("seeds", asked.seeds, 1), minutes };
  return { seeds: minutes === Infinity ? DEFAULT_SEEDS : Infinity, minutes };
}

function wholeNumber(option: string, text: string, least = 0): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(`--${option} takes whole numbers from ${least}, not ${text === "" ? "nothing" : text}`);
}

async function replay(seed: number, faults: string | undefined, withTrace: boolean, print: Print): Promise<number> {
  const only = faults === undefined ? undefined : faultsNamed(faults);
  const run = await runSeed(seed, { ...(only && { only }), ...(withTrace && { trace: print }) });
  const { events, digest, violation } = run;
  print(JSON.stringify({ seed, events, digest, faults: run.faults, violation: violation ?? null }));
  return violation === undefined ? 0 : 1;
}

function faultsNamed(list: string): ReadonlySet<Fault> {
  const names = list === "none" ? [] : list.split(",");
  for (const name of names) {
    if (!isFault(name)) throw new TypeError(`there is no fault ${name}: ${FAULTS.join(", ")}`);
  }
  return new Set(names.filter((name) => isFault(name)));
}

interface Campaign {
  readonly seeds: number;
  readonly from: number;
  readonly minutes: number;
  readonly asJson: boolean;
  readonly print: Print;
}

async function runSeeds({ seeds, from, minutes, asJson, print }: Campaign): Promise<number> {
  const cpuBefore = process.cpuUsage();
  const deadline = performance.now() + minutes * 60_000;
  const faults: Partial<Record<Fault, number>> = {};
  const violations: Found[] = [];
  let [count, events, virtualMicros] = [0, 0, 0];
  while (count < seeds && performance.now() < deadline) {
    const run = await runSeed(from + count);
    count += 1;
    events += run.events;
    virtualMicros += run.virtualMicros;
    for (const fault of run.faults) faults[fault] = (faults[fault] ?? 0) + 1;
    if (run.violation !== undefined) violations.push(await report(run));
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const virtualHoursPerCpuHour = Math.round(virtualMicros / Math.max(user + system, 1));
  if (asJson) {
    const found = violations.map(({ seed, invariant, replay }) => ({ seed, invariant, replay }));
    const report = { simulation: "raft", seeds: count, events, virtualHoursPerCpuHour, faults, violations: found };
    print(JSON.stringify(report));
  } else {
    print(
      `raft: ${count} seeds from ${from}, ${events} events, ${(virtualMicros / SECOND / 3600).toFixed(1)} virtual hours`,
    );
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
  readonly faults: readonly Fault[];
  readonly replay: string;
}

async function report(failing: Run): Promise<Found> {
  const shrunk = await shrink(failing);
  const { violation = { invariant: "", message: "" } } = shrunk;
  return { seed: failing.seed, ...violation, faults: shrunk.faults, replay: replayCommand(shrunk) };
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
    if (asJson) print(JSON.stringify(found));
    else {
      const outcome = taken === undefined ? `NOT CAUGHT in ${seeds}` : `${taken} by ${found.invariant}`;
      print(`${String(number).padStart(2)}  ${name}: ${outcome}`);
    }
  }
  return missed === 0 ? 0 : 1;
}
