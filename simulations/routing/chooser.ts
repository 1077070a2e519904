/** Who decides where jobs go: the shipped router, simpler ones, and one that knows everything. */
import type { Random } from "../kit/random.ts";
import type { Engine } from "./engine.ts";
import type { FleetPlan } from "./fleet.ts";
import type { Job } from "./work.ts";

/** What choosers see of the house. What a host does not know is not to be looked at, unless one is to know everything. */
export interface Surroundings {
  readonly fleet: FleetPlan;
  readonly engines: readonly Engine[];
  readonly random: Random;
  /** How long a job may wait before it is refused. */
  readonly patienceMs: number;
  readonly now: () => number;
}

/** What a host says of its engines; its chooser knows what is in it. */
export type Report = unknown;

/** One for all hosts; each host decides by what has reached it. */
export interface Chooser {
  readonly name: string;
  /** At the host where the job came. Undefined: it is refused. @param tries how often it was sent before */
  place(job: Job, tries: number): number | undefined;
  /** At the engine: whether it takes the job. */
  admits(job: Job, engine: number, tries: number): boolean;
  began(job: Job, engine: number): void;
  finished(job: Job, engine: number, tookMs: number): void;
  /** Back at the host where it came from. */
  answered(job: Job, engine: number, answer: "done" | "refused" | "failed" | "gone"): void;
  /** What a host says of its engines now. */
  report(host: number): Report;
  receive(at: number, from: number, report: Report, sentMs: number): void;
  /** Another host is gone, or is back. */
  lost(at: number, host: number): void;
}
