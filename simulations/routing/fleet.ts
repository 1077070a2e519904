/** Unlike machines as they stand in houses, and the engines on them. */
import type { Random } from "../kit/random.ts";

export const KINDS = ["stt", "tts", "llm"] as const;
export type Kind = (typeof KINDS)[number];

/** True cost of an engine's work, which nobody is told. */
export interface Costs {
  readonly fixedMs: number;
  /** For each millisecond of sound (stt) or character (tts). */
  readonly perUnitMs: number;
  /** Of llm: each token that is read, and that is written. */
  readonly perPromptTokenMs: number;
  readonly perTokenMs: number;
}

export interface EnginePlan {
  /** Its place in the list of all engines. */
  readonly index: number;
  readonly host: number;
  readonly kind: Kind;
  readonly model: string;
  readonly languages: readonly string[];
  readonly concurrency: number;
  readonly costs: Costs;
}

export interface HostPlan {
  /** Its place in the list of all hosts. */
  readonly index: number;
  readonly name: string;
  readonly hardware: readonly string[];
  readonly power: "mains" | "battery";
  /** From it to the middle of the house's network: cable, wireless, or the line to somewhere else. */
  readonly toSwitchMs: number;
  readonly engines: readonly EnginePlan[];
}

export interface FleetPlan {
  readonly hosts: readonly HostPlan[];
  readonly engines: readonly EnginePlan[];
}

interface Sort {
  readonly name: string;
  /** Times as fast as a laptop. */
  readonly speed: readonly [least: number, most: number];
  readonly concurrency: readonly [least: number, most: number];
  readonly hardware: readonly string[];
  readonly power: "mains" | "battery";
  /** How likely it has each engine. */
  readonly has: Readonly<Record<Kind, number>>;
}

const SORTS: readonly Sort[] = [
  {
    name: "gpu-box",
    speed: [6, 12],
    concurrency: [2, 4],
    hardware: ["gpu", "high_mem"],
    power: "mains",
    has: { stt: 0.9, tts: 0.9, llm: 1 },
  },
  {
    name: "desktop",
    speed: [1.5, 3],
    concurrency: [1, 3],
    hardware: ["high_mem"],
    power: "mains",
    has: { stt: 0.9, tts: 0.9, llm: 0.7 },
  },
  {
    name: "laptop",
    speed: [0.8, 1.6],
    concurrency: [1, 2],
    hardware: [],
    power: "battery",
    has: { stt: 0.8, tts: 0.8, llm: 0.4 },
  },
  {
    name: "pi",
    speed: [0.25, 0.5],
    concurrency: [1, 1],
    hardware: [],
    power: "mains",
    has: { stt: 0.8, tts: 0.8, llm: 0.1 },
  },
  { name: "light", speed: [1, 1], concurrency: [1, 1], hardware: [], power: "mains", has: { stt: 0, tts: 0, llm: 0 } },
];

/** What work costs on a laptop. */
const ON_A_LAPTOP: Readonly<Record<Kind, Costs>> = {
  stt: { fixedMs: 40, perUnitMs: 0.15, perPromptTokenMs: 0, perTokenMs: 0 },
  tts: { fixedMs: 60, perUnitMs: 8, perPromptTokenMs: 0, perTokenMs: 0 },
  llm: { fixedMs: 80, perUnitMs: 0, perPromptTokenMs: 4, perTokenMs: 40 },
};

/** Draws a house of `count` hosts; every kind of work can be done by at least two of them. */
export function drawFleet(random: Random, count: number): FleetPlan {
  const hosts: HostPlan[] = [];
  const engines: EnginePlan[] = [];
  const first = SORTS[1] ?? SORTS[0];
  for (let index = 0; index < count; index += 1) {
    // Two that have everything, whatever else comes.
    const sort = index < 2 ? first : random.pick(SORTS);
    if (sort === undefined) throw new Error("there are sorts");
    const isSure = index < 2;
    const speed = between(random, sort.speed);
    const own: EnginePlan[] = [];
    for (const kind of KINDS) {
      const hasIt = random.chance(sort.has[kind]);
      const concurrency = random.between(...sort.concurrency);
      // Engines make more or less of the same machine.
      const pace = speed * between(random, [0.7, 1.4]);
      const isGerman = random.chance(0.3);
      if (!hasIt && !isSure) continue;
      const costs = ON_A_LAPTOP[kind];
      const engine: EnginePlan = {
        index: engines.length,
        host: index,
        kind,
        model: `${kind}-of-${sort.name}`,
        languages: kind === "llm" ? [] : isSure || isGerman ? ["en", "de"] : ["en"],
        concurrency,
        costs: {
          fixedMs: costs.fixedMs / Math.sqrt(pace),
          perUnitMs: costs.perUnitMs / pace,
          perPromptTokenMs: costs.perPromptTokenMs / pace,
          perTokenMs: costs.perTokenMs / pace,
        },
      };
      own.push(engine);
      engines.push(engine);
    }
    const toSwitchMs = random.chance(0.5)
      ? 0.2
      : random.chance(0.9)
        ? between(random, [1, 4])
        : between(random, [10, 25]);
    const { hardware, power } = sort;
    hosts.push({ index, name: `${sort.name}-${index}`, hardware, power, toSwitchMs, engines: own });
  }
  return { hosts, engines };
}

/** From one host to another, one way. */
export function wayMs({ hosts }: FleetPlan, from: number, to: number): number {
  return from === to ? 0 : (hosts[from]?.toSwitchMs ?? 0) + (hosts[to]?.toSwitchMs ?? 0);
}

export function peerOf(host: number): string {
  return `peer-${host}`;
}

export function hostOf(peer: string): number {
  return Number(peer.slice("peer-".length));
}

function between(random: Random, [least, most]: readonly [number, number]): number {
  return least + random.next() * (most - least);
}
