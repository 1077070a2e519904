/** Routers as they are commonly built, for comparison: they see reports as late as the shipped one. */
import type { Chooser, Report, Surroundings } from "../chooser.ts";
import { canDo, type Job } from "../work.ts";

type Pick = (
  able: readonly number[],
  job: Job,
  known: (engine: number) => number,
  at: Surroundings,
) => number | undefined;

/** Jobs for each place of an engine, by engine. */
type Loads = ReadonlyMap<number, number>;

class Simple implements Chooser {
  readonly name: string;
  readonly #surroundings: Surroundings;
  readonly #pick: Pick;
  /** By host, then by engine: what was last heard. */
  readonly #known: readonly Map<number, number>[];

  constructor(name: string, surroundings: Surroundings, pick: Pick) {
    this.name = name;
    this.#surroundings = surroundings;
    this.#pick = pick;
    this.#known = surroundings.fleet.hosts.map(() => new Map());
  }

  place(job: Job): number | undefined {
    const able = this.#surroundings.fleet.engines.filter((engine) => canDo(engine, job)).map(({ index }) => index);
    const known = this.#known[job.origin];
    return this.#pick(able, job, (engine) => known?.get(engine) ?? 0, this.#surroundings);
  }

  admits(): boolean {
    return true;
  }

  began(): void {
    // They measure nothing.
  }

  finished(): void {
    // They measure nothing.
  }

  answered(): void {
    // They learn nothing.
  }

  report(host: number): Report {
    const { fleet, engines } = this.#surroundings;
    const loads = new Map<number, number>();
    for (const { index, concurrency } of fleet.hosts[host]?.engines ?? []) {
      const engine = engines[index];
      loads.set(index, ((engine?.running ?? 0) + (engine?.queued ?? 0)) / concurrency);
    }
    return loads;
  }

  receive(at: number, _from: number, report: Report): void {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- what report() of this very class gave
    for (const [engine, load] of report as Loads) this.#known[at]?.set(engine, load);
  }

  lost(): void {
    // They are compared where nobody is lost.
  }
}

const random: Pick = (able, _job, _known, at) => at.random.pick(able);

/** The least, at random among equals. */
function least(able: readonly number[], known: (engine: number) => number, at: Surroundings): number | undefined {
  const fewest = Math.min(...able.map(known));
  return at.random.pick(able.filter((engine) => known(engine) === fewest));
}

const leastLoaded: Pick = (able, _job, known, at) => least(able, known, at);

/** Two at random, and of these the one with less to do (M. Mitzenmacher, 1996). */
const twoChoices: Pick = (able, _job, known, at) => {
  const first = at.random.pick(able);
  const second = at.random.pick(able.filter((engine) => engine !== first)) ?? first;
  return first === undefined || second === undefined ? first : least([first, second], known, at);
};

/** Each host by itself goes round those that can. */
function roundRobin(): Pick {
  const turns = new Map<string, number>();
  return (able, job) => {
    const key = `${job.origin}/${job.kind}/${job.language}`;
    const turn = turns.get(key) ?? job.origin;
    turns.set(key, turn + 1);
    return able[turn % able.length];
  };
}

export const SIMPLE: Readonly<Record<string, (surroundings: Surroundings) => Chooser>> = {
  random: (at) => new Simple("random", at, random),
  "round-robin": (at) => new Simple("round-robin", at, roundRobin()),
  "least-loaded": (at) => new Simple("least-loaded", at, leastLoaded),
  "two choices": (at) => new Simple("two choices", at, twoChoices),
};
