/** When periodic work is due, and what became of it. Pure. */
import { ActorError, invariant } from "../errors.ts";
import type { JobSchedule, JobSnapshot, ScheduleSnapshot } from "./job-types.ts";

const DEFAULT_JITTER = 0.1;

interface Entry {
  readonly schedule: JobSchedule;
  lastId: string | undefined;
  started: number;
  skipped: number;
  failed: number;
}

/** @throws ActorError `bad-option`, `name-taken` */
export function mustBeSchedules(schedules: readonly JobSchedule[], kinds: { has(kind: string): boolean }): void {
  const names = new Set<string>();
  for (const { name, kind, everyMs, firstAfterMs = everyMs, jitter = DEFAULT_JITTER } of schedules) {
    if (!kinds.has(kind)) throw new ActorError("bad-option", `there is no kind of job called ${kind}`);
    const areTimes = everyMs >= 1 && everyMs < Infinity && firstAfterMs >= 0 && firstAfterMs < Infinity;
    if (!areTimes || !(jitter >= 0 && jitter <= 1)) {
      throw new ActorError(
        "bad-option",
        `${name} cannot come every ${everyMs} ms, ± ${jitter}, first after ${firstAfterMs}`,
      );
    }
    if (names.has(name)) throw new ActorError("name-taken", `two schedules are called ${name}`);
    names.add(name);
  }
}

export class Schedules {
  readonly #random: () => number;
  readonly #entries = new Map<string, Entry>();

  /** @param schedules looked at by {@link mustBeSchedules} */
  constructor(schedules: readonly JobSchedule[], random: () => number) {
    this.#random = random;
    for (const schedule of schedules) {
      this.#entries.set(schedule.name, { schedule, lastId: undefined, started: 0, skipped: 0, failed: 0 });
    }
  }

  first(): readonly { readonly name: string; readonly delayMs: number }[] {
    return [...this.#entries.values()].map(({ schedule: { name, everyMs, firstAfterMs, jitter } }) => ({
      name,
      delayMs: this.#vary(firstAfterMs ?? everyMs, jitter),
    }));
  }

  /** It is time: gives what to start, unless the last is still under way, and when it is time again. */
  due(
    name: string,
    isOpen: (id: string) => boolean,
  ): { readonly schedule: JobSchedule | undefined; readonly nextAfterMs: number } {
    const entry = this.#must(name);
    const nextAfterMs = this.#vary(entry.schedule.everyMs, entry.schedule.jitter);
    if (entry.lastId === undefined || !isOpen(entry.lastId)) return { schedule: entry.schedule, nextAfterMs };
    entry.skipped += 1;
    return { schedule: undefined, nextAfterMs };
  }

  started(name: string, id: string): void {
    const entry = this.#must(name);
    entry.lastId = id;
    entry.started += 1;
  }

  /** It was due and could not be started. */
  refused(name: string): void {
    this.#must(name).skipped += 1;
  }

  ended({ id, state }: JobSnapshot): void {
    const entry = this.#of(id);
    if (entry !== undefined && state === "failed") entry.failed += 1;
  }

  forgotten(id: string): void {
    const entry = this.#of(id);
    if (entry !== undefined) entry.lastId = undefined;
  }

  snapshot(): readonly ScheduleSnapshot[] {
    return [...this.#entries.values()].map(({ schedule: { name }, lastId, started, skipped, failed }) => ({
      name,
      lastId,
      started,
      skipped,
      failed,
    }));
  }

  #of(id: string): Entry | undefined {
    return [...this.#entries.values()].find(({ lastId }) => lastId === id);
  }

  #vary(periodMs: number, jitter = DEFAULT_JITTER): number {
    return periodMs * (1 + jitter * (2 * this.#random() - 1));
  }

  #must(name: string): Entry {
    const entry = this.#entries.get(name);
    invariant(entry !== undefined, `there is no schedule called ${name}`);
    return entry;
  }
}
