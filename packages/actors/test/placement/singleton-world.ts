/** Plans of a singleton, and everything between them, in any order. */
import { Fence } from "../../src/index.ts";
import { type SettledOutcome, type SingletonEffect, SingletonPlan } from "../../src/placement/singleton-plan.ts";

export const HOSTS = ["a", "b", "c"];

interface Asker {
  readonly host: string;
  readonly term: number;
  readonly by: string;
}

interface Mail {
  readonly to: string;
  readonly from: string;
  readonly run: () => void;
  /** Of a question: it will not be answered. */
  readonly lose?: () => void;
}

/** Hosts with a plan each, and everything that is under way between them, delivered in any order. */
export class World {
  readonly plans = new Map(
    HOSTS.map((host) => [host, new SingletonPlan<Asker>(host, () => HOSTS.filter((h) => h !== host))]),
  );
  /** Which term runs on which host, its stop under way or not. */
  readonly alive = new Map<string, number>();
  readonly stopping = new Set<string>();
  readonly fence = new Fence();
  readonly accepted: number[] = [];
  mail: Mail[] = [];
  mostAlive = 0;
  #term = 0;

  elect(leader: string): void {
    this.#term += 1;
    const now = { leader, term: this.#term };
    for (const host of HOSTS) {
      this.mail.push({ to: host, from: "", run: () => this.carryOut(host, this.plan(host).leadership(now)) });
    }
  }

  plan(host: string): SingletonPlan<Asker> {
    const plan = this.plans.get(host);
    if (plan === undefined) throw new Error(host);
    return plan;
  }

  carryOut(host: string, effects: readonly SingletonEffect<Asker>[]): void {
    for (const effect of effects) {
      if (effect.type === "start") {
        must(!this.alive.has(host), "one runs already");
        this.alive.set(host, effect.term);
        this.mostAlive = Math.max(this.mostAlive, this.alive.size);
      }
      if (effect.type === "end") {
        must(this.alive.has(host), "none runs that could end");
        this.stopping.add(host);
      }
      if (effect.type === "answer") {
        const { host: asked, term, by } = effect.to;
        const { staleBehind } = effect;
        // The heart of the matter: who has said that it stands back runs nothing older.
        const running = this.alive.get(asked) ?? Infinity;
        must(staleBehind !== undefined || running > term, "it said it stood back, and runs");
        const outcome: SettledOutcome =
          staleBehind === undefined ? { type: "released" } : { type: "stale", term: staleBehind };
        this.mail.push({
          to: by,
          from: asked,
          run: () => this.carryOut(by, this.plan(by).settled(asked, term, outcome)),
        });
      }
      if (effect.type === "ask") for (const each of effect.hosts) this.ask(host, each, effect.term);
    }
  }

  ask(by: string, host: string, term: number): void {
    this.mail.push({
      to: host,
      from: by,
      run: () => this.carryOut(host, this.plan(host).asked(term, { host, term, by })),
      lose: () => this.carryOut(by, this.plan(by).settled(host, term, { type: "unreachable" })),
    });
  }

  /** Everybody who runs does something. */
  act(): void {
    for (const token of this.alive.values()) {
      if (this.fence.admit({ scope: "s", kind: "term", token }) === undefined) this.accepted.push(token);
    }
  }

  finishStop(host: string | undefined): void {
    if (host === undefined || !this.stopping.delete(host)) return;
    this.alive.delete(host);
    this.carryOut(host, this.plan(host).ended());
  }

  settle(): void {
    while (this.mail.length + this.stopping.size > 0) {
      this.mail.shift()?.run();
      this.finishStop([...this.stopping][0]);
    }
  }
}

function must(condition: boolean, message: string): void {
  if (!condition) throw new Error(message);
}
