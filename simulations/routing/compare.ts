/** The same jobs in the same house, placed by one router after the other. */
import { Random } from "../kit/random.ts";
import type { Chooser, Surroundings } from "./chooser.ts";
import { clairvoyant } from "./choosers/clairvoyant.ts";
import { Shipped, type ShippedOptions } from "./choosers/shipped.ts";
import { SIMPLE } from "./choosers/simple.ts";
import { drawFleet } from "./fleet.ts";
import { House, type Ending } from "./house.ts";
import { SHIPPED, type Library } from "./library.ts";
import { drawJobs, type WorkPlan } from "./work.ts";

export interface Scene extends WorkPlan {
  readonly seed: number;
  readonly hosts: number;
  /** Default 250. */
  readonly reportEveryMs?: number;
  /** Default: nothing is refused for lack of time. */
  readonly patienceMs?: number;
}

/** What came of a scene. */
export interface Outcome {
  readonly name: string;
  readonly meanMs: number;
  readonly p99Ms: number;
  readonly jobs: number;
  readonly refused: number;
  readonly endings: readonly Ending[];
}

export type Make = (surroundings: Surroundings) => Chooser;

export function shipped(library: Library = SHIPPED, options: ShippedOptions = { admits: false }): Make {
  return (surroundings) => new Shipped(library, surroundings, options);
}

export const OTHERS: Readonly<Record<string, Make>> = { ...SIMPLE, clairvoyant };

export function play(scene: Scene, make: Make): Outcome {
  const { seed, hosts, reportEveryMs = 250, patienceMs = Infinity } = scene;
  const fleet = drawFleet(new Random(seed, "fleet"), hosts);
  const jobs = drawJobs(new Random(seed, "jobs"), fleet, scene);
  let name = "";
  const chooser: Make = (surroundings) => {
    const made = make(surroundings);
    name = made.name;
    return made;
  };
  const house = new House({ seed, fleet, jobs, chooser, patienceMs, reportEveryMs });
  const endings = house.run();
  const took = endings.filter(({ outcome }) => outcome === "done").map(({ tookMs }) => tookMs);
  return {
    name,
    meanMs: took.reduce((sum, ms) => sum + ms, 0) / took.length,
    p99Ms: took.toSorted((a, b) => a - b)[Math.floor(took.length * 0.99)] ?? 0,
    jobs: jobs.length,
    refused: endings.length - took.length,
    endings,
  };
}
