/** Who belongs to the cluster, as each host hears of it: late, or not while it is cut off. */
import type { Clock, Members } from "@parley/actors";
import type { RunHere } from "../clock.ts";

interface View {
  version: number;
  members: readonly string[];
  readonly watchers: Set<() => void>;
}

export class Membership {
  readonly #clock: Clock;
  readonly #delayMs: () => number;
  readonly #isCutOff: (host: string) => boolean;
  readonly #views: ReadonlyMap<string, View>;
  readonly #all: readonly string[];
  #members: readonly string[];
  #version = 0;

  constructor(clock: Clock, hosts: readonly string[], delayMs: () => number, isCutOff: (host: string) => boolean) {
    this.#clock = clock;
    this.#delayMs = delayMs;
    this.#isCutOff = isCutOff;
    this.#all = hosts;
    this.#members = hosts;
    this.#views = new Map(hosts.map((host) => [host, { version: 0, members: hosts, watchers: new Set() }]));
  }

  /** As it is for who knows everything. */
  get current(): readonly string[] {
    return this.#members;
  }

  join(host: string): void {
    this.#change(this.#all.filter((each) => each === host || this.#members.includes(each)));
  }

  leave(host: string): void {
    this.#change(this.#members.filter((each) => each !== host));
  }

  joinAll(): void {
    this.#change(this.#all);
  }

  /** A host that was cut off hears what it has missed. */
  reconnected(host: string): void {
    this.#spread(host);
  }

  of(host: string, run: RunHere): Members {
    const view = this.#views.get(host);
    const watchers = view?.watchers ?? new Set();
    return {
      current: () => view?.members ?? this.#all,
      watch: (changed) => {
        const own = (): void => run(changed);
        watchers.add(own);
        return () => watchers.delete(own);
      },
    };
  }

  #change(members: readonly string[]): void {
    this.#members = members;
    this.#version += 1;
    for (const host of this.#all) this.#spread(host);
  }

  #spread(host: string): void {
    const view = this.#views.get(host);
    const [version, members] = [this.#version, this.#members];
    this.#clock.after(this.#delayMs(), () => {
      if (view === undefined || this.#isCutOff(host) || version <= view.version) return;
      view.version = version;
      view.members = members;
      for (const changed of view.watchers) changed();
    });
  }
}
