import fc from "fast-check";
import { expect, test } from "vitest";
import { HOSTS, World } from "./singleton-world.ts";

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

test("a host that has heard of a newer leader does not begin for the sake of an older term", () => {
  const plan = new World().plan("a");
  plan.asked(5, { host: "a", term: 5, by: "b" });
  expect(plan.leadership({ leader: "a", term: 4 })).toEqual([]);
  expect(plan.leadership({ leader: "a", term: 6 })).toMatchObject([{ type: "ask", term: 6 }]);
});

test("a leader that is late is told so by those who know better", () => {
  const world = new World();
  const answers: unknown[] = [];
  world.plan("a").leadership({ leader: "b", term: 5 });
  const effects = world.plan("a").asked(4, { host: "a", term: 4, by: "c" });
  for (const effect of effects) if (effect.type === "answer") answers.push(effect.staleBehind);
  expect(answers).toEqual([5]);
});
