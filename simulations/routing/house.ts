/** A house at work: jobs come, are sent to engines over the network, wait, are done; reports of load are late. */
import { Random } from "../kit/random.ts";
import { MS, Timeline } from "../kit/timeline.ts";
import type { Chooser, Surroundings } from "./chooser.ts";
import { Engine } from "./engine.ts";
import { wayMs, type FleetPlan } from "./fleet.ts";
import type { Job } from "./work.ts";

/** What became of a job. */
export interface Ending {
  readonly job: Job;
  readonly outcome: "done" | "refused" | "lost";
  /** From when it came until its result was where it came from. */
  readonly tookMs: number;
  /** Who did it; undefined: nobody. */
  readonly engine: number | undefined;
  readonly tries: number;
}

export interface HouseOptions {
  readonly seed: number;
  readonly fleet: FleetPlan;
  readonly jobs: readonly Job[];
  readonly chooser: (surroundings: Surroundings) => Chooser;
  /** Infinity: nothing is refused for lack of time. */
  readonly patienceMs: number;
  /** A host says what it has to do at most this often. */
  readonly reportEveryMs: number;
  /** Called with everything that happens. */
  readonly see?: (happening: Happening) => void;
}

export type Happening =
  | { readonly type: "sent"; readonly job: Job; readonly engine: number; readonly atMs: number }
  | { readonly type: "began"; readonly job: Job; readonly engine: number; readonly atMs: number }
  | { readonly type: "ended"; readonly ending: Ending; readonly atMs: number };

/** A job that was sent so often is given up. */
const MOST_TRIES = 12;
/** Gossip to everybody takes so long beside the way. */
const GOSSIP_MS: readonly [number, number] = [2, 12];
/** How long it takes until everybody knows that a host is gone. */
const NOTICED_MS = 400;
const REPEATED_MS = 5_000;
/** A broken engine fails so soon. */
const FAILS_AFTER_MS = 15;

export class House {
  readonly timeline = new Timeline();
  readonly fleet: FleetPlan;
  readonly engines: readonly Engine[];
  readonly endings: Ending[] = [];
  readonly broken = new Set<number>();
  readonly #options: HouseOptions;
  readonly #chooser: Chooser;
  readonly #gossip: Random;
  readonly #down = new Set<number>();
  /** Hosts that have said something so recently that they wait. */
  readonly #resting = new Set<number>();
  readonly #changed = new Set<number>();
  /** Who waits for a job's answer, and how often it was sent. */
  readonly #tries = new Map<number, number>();
  /** Reports get lost. */
  isDeaf = false;
  events = 0;

  constructor(options: HouseOptions) {
    const { fleet, seed, patienceMs, chooser } = options;
    this.#options = options;
    this.fleet = fleet;
    this.#gossip = new Random(seed, "gossip");
    this.engines = fleet.engines.map((plan) => {
      return new Engine(plan, {
        after: (delayMs, run) => this.after(delayMs, run),
        began: (job) => {
          this.#chooser.began(job, plan.index);
          this.#options.see?.({ type: "began", job, engine: plan.index, atMs: this.nowMs });
        },
        finished: (job, tookMs) => {
          this.#chooser.finished(job, plan.index, tookMs);
          this.#report(plan.host);
          this.#answer(job, plan.index, "done");
        },
      });
    });
    this.#chooser = chooser({
      fleet,
      engines: this.engines,
      random: new Random(seed, "chooser"),
      patienceMs,
      now: () => this.nowMs,
    });
    for (const host of fleet.hosts) this.#repeat(host.index);
    for (const job of options.jobs) this.after(job.atMs, () => this.#place(job));
  }

  get nowMs(): number {
    return this.timeline.now / MS;
  }

  after(delayMs: number, run: () => void): void {
    this.timeline.after(delayMs * MS, run);
  }

  /** Until every job has ended, one way or the other. */
  run(): readonly Ending[] {
    while (this.endings.length < this.#options.jobs.length && this.timeline.runNext(Infinity)) this.events += 1;
    return this.endings;
  }

  /** With nothing more to do. */
  rest(forMs: number): void {
    const end = this.timeline.now + forMs * MS;
    while (this.timeline.runNext(end)) this.events += 1;
  }

  isDown(host: number): boolean {
    return this.#down.has(host);
  }

  /** A host stops in the middle of everything, for so long. */
  kill(host: number, forMs: number): void {
    if (this.#down.has(host)) return;
    this.#down.add(host);
    for (const { index } of this.fleet.hosts[host]?.engines ?? []) {
      for (const job of this.engines[index]?.die() ?? []) this.#answer(job, index, "gone");
    }
    this.after(NOTICED_MS, () => {
      for (const { index } of this.fleet.hosts) if (index !== host) this.#chooser.lost(index, host);
    });
    this.after(Math.max(forMs, 2 * NOTICED_MS), () => {
      this.#down.delete(host);
      // It has missed what the others said.
      for (const { index } of this.fleet.hosts) this.#tell(index, 0);
    });
  }

  #place(job: Job): void {
    const tries = this.#tries.get(job.id) ?? 0;
    const engine = tries >= MOST_TRIES ? undefined : this.#chooser.place(job, tries);
    if (engine === undefined) {
      this.#end(job, tries >= MOST_TRIES ? "lost" : "refused", undefined);
      return;
    }
    this.#tries.set(job.id, tries + 1);
    this.#options.see?.({ type: "sent", job, engine, atMs: this.nowMs });
    const host = this.fleet.engines[engine]?.host ?? 0;
    this.after(wayMs(this.fleet, job.origin, host), () => this.#arrive(job, engine, host));
  }

  #arrive(job: Job, engine: number, host: number): void {
    if (this.#down.has(host)) this.#answer(job, engine, "gone");
    else if (this.broken.has(engine)) this.after(FAILS_AFTER_MS, () => this.#answer(job, engine, "failed"));
    else if (this.#chooser.admits(job, engine, this.#tries.get(job.id) ?? 0)) {
      this.engines[engine]?.take(job);
      this.#report(host);
    } else this.#answer(job, engine, "refused");
  }

  #answer(job: Job, engine: number, answer: "done" | "refused" | "failed" | "gone"): void {
    const host = this.fleet.engines[engine]?.host ?? 0;
    this.after(wayMs(this.fleet, host, job.origin), () => {
      this.#chooser.answered(job, engine, answer);
      if (answer === "done") this.#end(job, "done", engine);
      else this.#place(job);
    });
  }

  #end(job: Job, outcome: Ending["outcome"], engine: number | undefined): void {
    const ending = { job, outcome, tookMs: this.nowMs - job.atMs, engine, tries: this.#tries.get(job.id) ?? 0 };
    this.#tries.delete(job.id);
    this.endings.push(ending);
    this.#options.see?.({ type: "ended", ending, atMs: this.nowMs });
  }

  /** Reports may get lost: also those who have nothing new to say repeat what they said. */
  #repeat(host: number): void {
    this.#tell(host, 0);
    this.after(REPEATED_MS, () => this.#repeat(host));
  }

  /** What a host has to do has changed: itself knows at once, the others within {@link HouseOptions.reportEveryMs}. */
  #report(host: number): void {
    this.#chooser.receive(host, host, this.#chooser.report(host), this.nowMs);
    if (this.#resting.has(host)) this.#changed.add(host);
    else this.#tell(host, 0);
  }

  #tell(host: number, afterMs: number): void {
    this.#resting.add(host);
    this.after(afterMs, () => {
      if (this.#down.has(host)) {
        this.#resting.delete(host);
        return;
      }
      const [report, sentMs] = [this.#chooser.report(host), this.nowMs];
      this.#chooser.receive(host, host, report, sentMs);
      const takesMs = GOSSIP_MS[0] + this.#gossip.next() * (GOSSIP_MS[1] - GOSSIP_MS[0]);
      if (!this.isDeaf) this.after(takesMs, () => this.#spread(host, report, sentMs));
      this.after(this.#options.reportEveryMs, () => {
        this.#resting.delete(host);
        if (this.#changed.delete(host)) this.#tell(host, 0);
      });
    });
  }

  #spread(from: number, report: unknown, sentMs: number): void {
    for (const { index } of this.fleet.hosts) {
      if (index !== from && !this.#down.has(index)) this.#chooser.receive(index, from, report, sentMs);
    }
  }
}
