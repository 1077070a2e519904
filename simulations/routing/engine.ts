/** An engine at work: first come, first served, so many at once. */
import type { EnginePlan } from "./fleet.ts";
import { serviceMs, type Job } from "./work.ts";

export interface EngineEvents {
  after(delayMs: number, run: () => void): void;
  began(job: Job): void;
  /** @param tookMs since it was begun */
  finished(job: Job, tookMs: number): void;
}

export class Engine {
  readonly plan: EnginePlan;
  readonly #events: EngineEvents;
  readonly #waiting: Job[] = [];
  readonly #running = new Set<Job>();
  /** Counts the engine's lives: what was begun in another is lost. */
  #life = 0;
  /** How much slower than it should be. */
  slowness = 1;

  constructor(plan: EnginePlan, events: EngineEvents) {
    this.plan = plan;
    this.#events = events;
  }

  get running(): number {
    return this.#running.size;
  }

  get queued(): number {
    return this.#waiting.length;
  }

  take(job: Job): void {
    this.#waiting.push(job);
    this.#work();
  }

  /** It dies with all it has to do. */
  die(): readonly Job[] {
    const lost = [...this.#running, ...this.#waiting];
    this.#life += 1;
    this.#running.clear();
    this.#waiting.length = 0;
    return lost;
  }

  #work(): void {
    while (this.#running.size < this.plan.concurrency) {
      const job = this.#waiting.shift();
      if (job === undefined) return;
      this.#running.add(job);
      this.#events.began(job);
      const [tookMs, life] = [serviceMs(this.plan, job) * this.slowness, this.#life];
      this.#events.after(tookMs, () => {
        if (life !== this.#life) return;
        this.#running.delete(job);
        this.#events.finished(job, tookMs);
        this.#work();
      });
    }
  }
}
