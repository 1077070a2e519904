import fc from "fast-check";
import { expect, test } from "vitest";
import { Fence } from "../../src/placement/fence.ts";
import { type SettledOutcome, type SingletonEffect, SingletonPlan } from "../../src/placement/singleton-plan.ts";

const HOSTS = ["a", "b", "c"];

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
class World {
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
        expect(this.alive.has(host)).toBe(false);
        this.alive.set(host, effect.term);
        this.mostAlive = Math.max(this.mostAlive, this.alive.size);
      }
      if (effect.type === "end") {
        expect(this.alive.has(host)).toBe(true);
        this.stopping.add(host);
      }
      if (effect.type === "answer") {
        const { host: asked, term, by } = effect.to;
        const { staleBehind } = effect;
        // The heart of the matter: who has said that it stands back runs nothing older.
        if (staleBehind === undefined) expect(this.alive.get(asked) ?? Infinity).toBeGreaterThan(term);
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

type Step = readonly ["elect" | "deliver" | "lose" | "impatient" | "finish" | "act", number];

function run(steps: readonly Step[], mayLose: boolean): World {
  const world = new World();
  for (const [action, n] of steps) {
    if (action === "elect") world.elect(HOSTS[n % 3] ?? "a");
    if (action === "deliver") {
      const [mail] = world.mail.splice(n % Math.max(1, world.mail.length), 1);
      mail?.run();
    }
    if (action === "lose" && mayLose) {
      const lost = world.mail.filter(({ lose }) => lose !== undefined)[n % 5];
      world.mail = world.mail.filter((each) => each !== lost);
      lost?.lose?.();
    }
    if (action === "impatient" && mayLose) {
      for (const [host, plan] of world.plans) world.carryOut(host, plan.impatient(n % 6));
    }
    if (action === "finish") world.finishStop([...world.stopping][n % 3]);
    if (action === "act") world.act();
  }
  return world;
}

const steps = fc.array(
  fc.tuple(
    fc.constantFrom<Step[0]>("elect", "deliver", "deliver", "deliver", "lose", "impatient", "finish", "act"),
    fc.nat(30),
  ),
  { maxLength: 120 },
);

test("as long as everybody can be reached, one at most runs at any time", () => {
  fc.assert(
    fc.property(steps, (each) => {
      expect(run(each, false).mostAlive).toBeLessThanOrEqual(1);
    }),
    { numRuns: 1_000 },
  );
});

test("whoever cannot be reached, what is accepted never goes back to an older term", () => {
  fc.assert(
    fc.property(steps, (each) => {
      const { accepted } = run(each, true);
      expect(accepted).toEqual(accepted.toSorted((a, b) => a - b));
    }),
    { numRuns: 500 },
  );
});

test("once it is quiet, the leader runs it in its term, and nobody else does", () => {
  fc.assert(
    fc.property(steps, fc.boolean(), (each, mayLose) => {
      const world = run(each, mayLose);
      world.elect("b");
      world.settle();
      expect([...world.alive]).toEqual([["b", world.plan("b").runningTerm]]);
      expect(world.plan("a").phase).toBe("idle");
    }),
    { numRuns: 500 },
  );
});

test("one that ends by itself is started again by the same leader", () => {
  const world = new World();
  world.elect("a");
  world.settle();
  const term = world.alive.get("a");
  world.alive.delete("a");
  world.carryOut("a", world.plan("a").ended());
  world.settle();
  expect(world.alive.get("a")).toBe(term);
});

test("a leader that is late is told so by those who know better", () => {
  const world = new World();
  const answers: unknown[] = [];
  world.plan("a").leadership({ leader: "b", term: 5 });
  const effects = world.plan("a").asked(4, { host: "a", term: 4, by: "c" });
  for (const effect of effects) if (effect.type === "answer") answers.push(effect.staleBehind);
  expect(answers).toEqual([5]);
});
