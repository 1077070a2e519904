/** The command of a simulation: seeds, one replay, or planted bugs. */
import { parseArgs } from "node:util";
import type { PlantedBug } from "./planted.ts";
import type { SeedRun } from "./seed-run.ts";
import { replayCommand, shrink, type Hunt, type RunSeed } from "./simulation.ts";
import { SECOND } from "./timeline.ts";

/** A figure of a run beside those that all have; `name` in JSON, `words` for a person. */
export interface Figure {
  readonly name: string;
  readonly words: string;
  readonly value: number;
}

export interface Simulation<Library, Fault extends string, Run extends SeedRun<Fault>> {
  readonly name: string;
  readonly defaultSeeds: number;
  readonly faults: readonly Fault[];
  readonly runSeed: RunSeed<Library, Fault, Run>;
  /** @throws TypeError when there is no bug of such a number */
  readonly bugsNumbered: (numbers: readonly number[]) => readonly PlantedBug[];
  readonly hunt: (bug: PlantedBug, from: number, seeds: number) => Promise<Hunt<Run>>;
  /** Summed up over runs. */
  readonly figuresOf: (run: Run) => readonly Figure[];
}

export type Print = (line: string) => void;

/** How a simulation's command is used. */
export function usageOf(name: string): string {
  return `usage: npm run simulate -- ${name} [--seeds N] [--from S] [--minutes M] [--json]
       npm run simulate -- ${name} --seed S [--faults A,B|none] [--trace]
       npm run simulate -- ${name} --planted [--bugs 1,2] [--seeds N] [--from S] [--json]`;
}

/** Runs the command; the exit code: 0 no violation (or every planted bug caught), 1 otherwise. @throws TypeError when misused */
export async function simulate<Library, Fault extends string, Run extends SeedRun<Fault>>(
  simulation: Simulation<Library, Fault, Run>,
  args: readonly string[],
  print: Print,
): Promise<number> {
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
  const extent = extentOf(values, simulation.defaultSeeds);
  if (values.bugs !== undefined && !values.planted) throw new TypeError("--bugs goes with --planted");
  if (values.seed !== undefined) {
    const only = values.faults === undefined ? undefined : faultsNamed(simulation.faults, values.faults);
    const options = { ...(only && { only }), ...(values.trace && { trace: print }) };
    return replay(simulation, await simulation.runSeed(wholeNumber("seed", values.seed), options), print);
  }
  const campaign = { ...extent, from, asJson: values.json, print };
  if (!values.planted) return runSeeds(simulation, campaign);
  const numbers = values.bugs?.split(",").map((number) => wholeNumber("bugs", number)) ?? [];
  const seeds = extent.seeds === Infinity ? simulation.defaultSeeds : extent.seeds;
  return huntAll(simulation, simulation.bugsNumbered(numbers), { ...campaign, seeds });
}

/**
 * How many seeds to run, and for how long at most; whoever names a time and no number of seeds has all of it used.
 * @throws TypeError when either is no positive number
 */
export function extentOf(
  asked: { readonly seeds?: string | undefined; readonly minutes?: string | undefined },
  defaultSeeds: number,
): { readonly seeds: number; readonly minutes: number } {
  const minutes = asked.minutes === undefined ? Infinity : Number(asked.minutes);
  if (!(minutes > 0)) throw new TypeError("--minutes takes a positive number");
  if (asked.seeds !== undefined) return { seeds: wholeNumber("seeds", asked.seeds, 1), minutes };
  return { seeds: minutes === Infinity ? defaultSeeds : Infinity, minutes };
}

function wholeNumber(option: string, text: string, least = 0): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value >= least) return value;
  throw new TypeError(`--${option} takes whole numbers from ${least}, not ${text === "" ? "nothing" : text}`);
}

function faultsNamed<Fault extends string>(faults: readonly Fault[], list: string): ReadonlySet<Fault> {
  const named = list === "none" ? [] : list.split(",");
  return new Set(
    named.map((name) => {
      const fault = faults.find((each) => each === name);
      if (fault === undefined) throw new TypeError(`there is no fault ${name}: ${faults.join(", ")}`);
      return fault;
    }),
  );
}

function replay<Library, Fault extends string, Run extends SeedRun<Fault>>(
  { figuresOf }: Simulation<Library, Fault, Run>,
  run: Run,
  print: Print,
): number {
  const { seed, events, digest, faults, violation } = run;
  const figures = Object.fromEntries(figuresOf(run).map(({ name, value }) => [name, value]));
  print(JSON.stringify({ seed, events, ...figures, digest, faults, violation: violation ?? null }));
  return violation === undefined ? 0 : 1;
}

interface Campaign {
  readonly seeds: number;
  readonly from: number;
  readonly minutes: number;
  readonly asJson: boolean;
  readonly print: Print;
}

interface Found {
  readonly seed: number;
  readonly invariant: string;
  readonly message: string;
  readonly replay: string;
}

async function runSeeds<Library, Fault extends string, Run extends SeedRun<Fault>>(
  { name, runSeed, figuresOf }: Simulation<Library, Fault, Run>,
  { seeds, from, minutes, asJson, print }: Campaign,
): Promise<number> {
  const cpuBefore = process.cpuUsage();
  const deadline = performance.now() + minutes * 60_000;
  const faults: Record<string, number> = {};
  const figures = new Map<string, Figure>();
  const violations: Found[] = [];
  let [count, events, virtualMicros] = [0, 0, 0];
  while (count < seeds && performance.now() < deadline) {
    const run = await runSeed(from + count);
    count += 1;
    events += run.events;
    virtualMicros += run.virtualMicros;
    for (const fault of run.faults) faults[fault] = (faults[fault] ?? 0) + 1;
    for (const figure of figuresOf(run)) {
      figures.set(figure.name, { ...figure, value: figure.value + (figures.get(figure.name)?.value ?? 0) });
    }
    if (run.violation === undefined) continue;
    const shrunk = await shrink(run, runSeed);
    violations.push({ seed: run.seed, ...run.violation, ...shrunk.violation, replay: replayCommand(name, shrunk) });
  }
  const { user, system } = process.cpuUsage(cpuBefore);
  const virtualHoursPerCpuHour = Math.round(virtualMicros / Math.max(user + system, 1));
  if (asJson) {
    const summed = Object.fromEntries([...figures].map(([key, { value }]) => [key, value]));
    const found = violations.map(({ seed, invariant, replay: again }) => ({ seed, invariant, replay: again }));
    const counts = { simulation: name, seeds: count, events, ...summed, virtualHoursPerCpuHour };
    print(JSON.stringify({ ...counts, faults, violations: found }));
  } else {
    const counts = [`${events} events`, ...[...figures.values()].map(({ value, words }) => `${value} ${words}`)];
    const hours = (virtualMicros / SECOND / 3600).toFixed(1);
    print(`${name}: ${count} seeds from ${from}, ${counts.join(", ")}, ${hours} virtual hours`);
    print(`${virtualHoursPerCpuHour} virtual hours per CPU hour; ${Object.keys(faults).length} fault kinds`);
    for (const { seed, invariant, message, replay: again } of violations) {
      print(`VIOLATION of ${invariant} by seed ${seed}: ${message}\n  replay: ${again}`);
    }
    print(`${violations.length} violations`);
  }
  return violations.length === 0 ? 0 : 1;
}

async function huntAll<Library, Fault extends string, Run extends SeedRun<Fault>>(
  { hunt }: Simulation<Library, Fault, Run>,
  bugs: readonly PlantedBug[],
  { from, seeds, asJson, print }: Campaign,
): Promise<number> {
  let missed = 0;
  for (const bug of bugs) {
    const { seeds: taken, caught } = await hunt(bug, from, seeds);
    if (taken === undefined) missed += 1;
    const { number, name } = bug;
    const found = { number, name, seeds: taken ?? null, invariant: caught?.violation?.invariant ?? null };
    const outcome = taken === undefined ? `NOT CAUGHT in ${seeds}` : `${taken} by ${found.invariant}`;
    print(asJson ? JSON.stringify(found) : `${String(number).padStart(2)}  ${name}: ${outcome}`);
  }
  return missed === 0 ? 0 : 1;
}
