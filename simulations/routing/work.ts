/** The jobs of a house: when they come, where, and how large they turn out to be. */
import type { Random } from "../kit/random.ts";
import { KINDS, type EnginePlan, type FleetPlan, type Kind } from "./fleet.ts";

export interface Job {
  readonly id: number;
  readonly atMs: number;
  /** The host whose client asks. */
  readonly origin: number;
  readonly kind: Kind;
  readonly language: string;
  /** It must not leave its host. */
  readonly isPrivate: boolean;
  /** Milliseconds of sound, or characters. */
  readonly units: number;
  readonly promptTokens: number;
  /** Known when it is done, and not before. */
  readonly tokens: number;
  /** How much harder it is than its size says. */
  readonly hardness: number;
}

export interface WorkPlan {
  /** Share of what all engines could do together. */
  readonly load: number;
  readonly arrivals: "poisson" | "bursts";
  readonly durationMs: number;
  /** Share of jobs that must not leave their host; those come where there is an engine for them. */
  readonly privateShare?: number;
}

/** What a router takes a reply's length to be. */
export const EXPECTED_TOKENS = 120;
const TOKENS_SPREAD = 0.5;
const HARDNESS_SPREAD = 0.15;

/** Draws all jobs of a run, in the order in which they come. */
export function drawJobs(random: Random, fleet: FleetPlan, plan: WorkPlan): readonly Job[] {
  const jobs: Omit<Job, "id">[] = [];
  for (const kind of KINDS) {
    const own = random.fork(kind);
    const engines = fleet.engines.filter((engine) => engine.kind === kind);
    const shares = { germanShare: germanShare(engines), privateShare: plan.privateShare ?? 0 };
    const perMs = plan.load * capacityPerMs(engines);
    for (const atMs of times(own, plan, perMs)) jobs.push(drawJob(own, fleet, { kind, atMs, ...shares }));
  }
  return jobs.toSorted((a, b) => a.atMs - b.atMs).map((job, id) => ({ id, ...job }));
}

/** Compute time of a job on an engine. */
export function serviceMs(
  { costs }: EnginePlan,
  job: Pick<Job, "units" | "promptTokens" | "tokens" | "hardness">,
): number {
  const { fixedMs, perUnitMs, perPromptTokenMs, perTokenMs } = costs;
  return (
    (fixedMs + perUnitMs * job.units + perPromptTokenMs * job.promptTokens + perTokenMs * job.tokens) * job.hardness
  );
}

/** Whether an engine can do a job at all. */
export function canDo(engine: EnginePlan, job: Pick<Job, "kind" | "language">): boolean {
  return engine.kind === job.kind && (engine.languages.length === 0 || engine.languages.includes(job.language));
}

const USUAL: Readonly<Record<Kind, Pick<Job, "units" | "promptTokens" | "tokens">>> = {
  stt: { units: 5_500, promptTokens: 0, tokens: 0 },
  tts: { units: 110, promptTokens: 0, tokens: 0 },
  llm: { units: 0, promptTokens: 800, tokens: EXPECTED_TOKENS },
};

/** Jobs of usual size that all of `engines` could do for each millisecond. */
export function capacityPerMs(engines: readonly EnginePlan[]): number {
  let capacity = 0;
  for (const engine of engines) {
    capacity += engine.concurrency / serviceMs(engine, { ...USUAL[engine.kind], hardness: 1 });
  }
  return capacity;
}

/** A burst is what a full house says at once. */
const BURST_SPACING_MS = 15;

/** Until everybody has heard of everybody. */
const FIRST_MS = 1_000;

function times(random: Random, { arrivals, durationMs }: WorkPlan, perMs: number): readonly number[] {
  const all: number[] = [];
  const burst = arrivals === "poisson" ? 1 : 12;
  for (let atMs = FIRST_MS; ;) {
    atMs += (-Math.log(1 - random.next()) / perMs) * burst;
    if (atMs >= FIRST_MS + durationMs || perMs <= 0) return all;
    // Sizes are geometric, so that the number of jobs stays what the load says.
    for (let at = atMs; ; at += -Math.log(1 - random.next()) * BURST_SPACING_MS) {
      all.push(at);
      if (!random.chance(1 - 1 / burst)) break;
    }
  }
}

/** German is asked for as much as it can be done, and no more: what is left to English alone is the same share of the rest. */
const GERMAN_OF_ABLE = 0.7;

function germanShare(engines: readonly EnginePlan[]): number {
  const able = engines.filter(({ languages }) => languages.includes("de"));
  return (GERMAN_OF_ABLE * capacityPerMs(able)) / capacityPerMs(engines);
}

interface Wanted {
  readonly kind: Kind;
  readonly atMs: number;
  readonly germanShare: number;
  readonly privateShare: number;
}

function drawJob(random: Random, fleet: FleetPlan, { kind, atMs, germanShare, privateShare }: Wanted): Omit<Job, "id"> {
  const language = random.chance(germanShare) ? "de" : "en";
  const wantsPrivate = random.chance(privateShare);
  const able = fleet.engines.filter((engine) => canDo(engine, { kind, language }));
  const home = wantsPrivate ? random.pick(able) : undefined;
  const anywhere = random.between(0, fleet.hosts.length - 1);
  return {
    atMs,
    origin: home?.host ?? anywhere,
    kind,
    language,
    isPrivate: home !== undefined,
    units: kind === "stt" ? 1_000 + random.next() * 9_000 : kind === "tts" ? 20 + random.next() * 180 : 0,
    promptTokens: kind === "llm" ? 100 + random.next() * 1_400 : 0,
    tokens: kind === "llm" ? Math.max(1, EXPECTED_TOKENS * logNormal(random, TOKENS_SPREAD)) : 0,
    hardness: logNormal(random, HARDNESS_SPREAD),
  };
}

/** Of mean 1 (Box-Muller). */
function logNormal(random: Random, spread: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
  return Math.exp(spread * normal - (spread * spread) / 2);
}
