import fc from "fast-check";
import { expect, test } from "vitest";
import type { ActorRef, Behavior, RestartPolicy, Strategy } from "../../src/index.ts";
import { testSystem } from "./support.ts";

/** What the actors of a random tree are told. */
type Order =
  | { readonly do: "work"; readonly awaits: number }
  | { readonly do: "crash"; readonly awaits: number }
  | { readonly do: "stop" | "fail later" }
  | { readonly do: "hang" };

interface Shape {
  readonly strategy: Strategy;
  readonly restart: RestartPolicy;
  readonly slowSetUp: boolean;
  readonly hook: "none" | "slow" | "crashes" | "hangs";
  readonly children: readonly Shape[];
}

function shapeOf(depth: number): fc.Arbitrary<Shape> {
  return fc.record({
    strategy: fc.constantFrom<Strategy>("one-for-one", "one-for-all", "rest-for-one"),
    restart: fc.constantFrom<RestartPolicy>("permanent", "transient", "temporary"),
    slowSetUp: fc.boolean(),
    hook: fc.constantFrom<Shape["hook"]>("none", "slow", "crashes", "hangs"),
    children: depth === 0 ? fc.constant([]) : fc.array(shapeOf(depth - 1), { maxLength: 3 }),
  });
}

const order: fc.Arbitrary<Order> = fc.oneof(
  fc.record({ do: fc.constantFrom("work", "crash"), awaits: fc.nat(3) }) as fc.Arbitrary<Order>,
  fc.record({ do: fc.constantFrom("stop", "fail later", "hang") }) as fc.Arbitrary<Order>,
);

const step = fc.oneof(
  { weight: 4, arbitrary: fc.record({ to: fc.nat(), order }) },
  { weight: 1, arbitrary: fc.record({ passMs: fc.nat(300) }) },
);

/** What every actor of the tree leaves behind for the test. */
class Watchman {
  /** Lives that run now, by path; left-behind ones are no more counted. */
  readonly lives = new Map<string, number>();
  readonly broken: string[] = [];
  readonly refs = new Map<string, ActorRef<Order>>();

  behavior(shape: Shape): Behavior<Order> {
    return (context) => {
      const { path } = context;
      this.refs.set(path, context.self);
      if ((this.lives.get(path) ?? 0) > 0) this.broken.push(`two lives of ${path}`);
      this.lives.set(path, 1);
      context.signal.addEventListener("abort", () => this.lives.set(path, 0));
      context.timers.every("tick", 50, { do: "work", awaits: 1 });
      for (const [name, child] of shape.children.entries()) {
        context.spawn(this.behavior(child), {
          name: `c${name}`,
          restart: child.restart,
          supervision: { strategy: child.strategy, maxRestarts: 3, withinMs: 1000 },
          stopTimeoutMs: 100,
        });
      }
      let isBusy = false;
      const handler = {
        receive: async (message: Order) => {
          if (isBusy) this.broken.push(`two messages at once in ${path}`);
          if (context.signal.aborted) this.broken.push(`a message after the end of ${path}`);
          isBusy = true;
          if (message.do === "stop") context.stop();
          if (message.do === "fail later") context.clock.after(10, () => context.fail(new Error("later")));
          if (message.do === "hang") await new Promise(() => undefined);
          const awaits = "awaits" in message ? message.awaits : 0;
          for (let done = 0; done < awaits; done += 1) await Promise.resolve();
          isBusy = false;
          if (message.do === "crash") throw new Error("ordered");
        },
        onStop: async () => {
          if (shape.hook === "hangs") await new Promise(() => undefined);
          if (shape.hook !== "none") await Promise.resolve();
          if (shape.hook === "crashes") throw new Error("hook");
        },
      };
      return shape.slowSetUp ? Promise.resolve().then(() => handler) : handler;
    };
  }
}

test("whatever happens in whatever tree: one life and one message at a time, every question ends, every end is told once, nothing stays", async () => {
  await fc.assert(
    fc.asyncProperty(shapeOf(2), fc.array(step, { maxLength: 25, size: "max" }), async (shape, steps) => {
      const { system, clock } = testSystem({ supervision: { maxRestarts: 3, withinMs: 1000 }, stopTimeoutMs: 100 });
      const watchman = new Watchman();
      system.spawn(watchman.behavior(shape), { name: "top", restart: shape.restart, stopTimeoutMs: 100 });
      await clock.settle();
      const ends = new Map<string, number>();
      for (const [path, ref] of watchman.refs) system.watch(ref, () => ends.set(path, (ends.get(path) ?? 0) + 1));
      const watched = [...watchman.refs.keys()];
      const asked: Promise<unknown>[] = [];
      for (const each of steps) {
        if ("passMs" in each) await clock.pass(each.passMs);
        else {
          const refs = [...watchman.refs.values()];
          const ref = refs[each.to % refs.length];
          if (ref !== undefined) asked.push(outcome(ref.ask(() => each.order, { timeoutMs: 200 })));
        }
      }
      const stopped = system.stop();
      await clock.pass(60_000);
      await stopped;
      expect(await Promise.all(asked)).not.toContain("answered");
      expect(watchman.broken).toEqual([]);
      expect(system.inspect()).toEqual([]);
      expect([...watchman.lives.values()].every((lives) => lives === 0)).toBe(true);
      expect(ends).toEqual(new Map(watched.map((path) => [path, 1])));
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 150 },
  );
});

async function outcome(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return "answered";
  } catch (error) {
    return error;
  }
}
