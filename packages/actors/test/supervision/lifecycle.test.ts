import { describe, expect, test } from "vitest";
import { transition } from "xstate";
import { adjacencyMapToArray, getAdjacencyMap } from "xstate/graph";
import type { ActorRef, LifecycleEvent, LifecycleState } from "../../src/index.ts";
import { lifecycleMachine } from "../../src/xstate.ts";
import { FIRST_STATE, mustStep, nextState } from "../../src/supervision/lifecycle.ts";
import { Gate, testSystem } from "../core/support.ts";

const EVENTS: readonly LifecycleEvent[] = ["started", "crashed", "restart", "cleared", "due", "stop", "ended"];

interface Transition {
  readonly from: LifecycleState;
  readonly event: LifecycleEvent;
  readonly to: LifecycleState;
}

/** Every transition that the machine itself has. */
const TRANSITIONS: readonly Transition[] = adjacencyMapToArray(
  getAdjacencyMap(lifecycleMachine, { events: EVENTS.map((type) => ({ type })) }),
)
  .map(({ state, event, nextState: next }) => ({ from: state.value, event: event.type, to: next.value }))
  .filter(({ from, to }) => from !== to);

/** Events that lead to each state, by the shortest way. */
function wayTo(target: LifecycleState): readonly LifecycleEvent[] {
  const ways = new Map<LifecycleState, readonly LifecycleEvent[]>([[FIRST_STATE, []]]);
  for (const [state, way] of ways) {
    for (const { from, event, to } of TRANSITIONS) {
      if (from === state && !ways.has(to)) ways.set(to, [...way, event]);
    }
  }
  const way = ways.get(target);
  if (way === undefined) throw new Error(`nothing leads to ${target}`);
  return way;
}

describe("the lifecycle machine", () => {
  test("has the states and transitions that are meant", () => {
    expect(TRANSITIONS.map(({ from, event, to }) => `${from} -${event}-> ${to}`).toSorted()).toEqual([
      "clearing -cleared-> waiting",
      "clearing -stop-> stopping",
      "failed -restart-> clearing",
      "failed -stop-> stopping",
      "running -crashed-> failed",
      "running -restart-> clearing",
      "running -stop-> stopping",
      "starting -crashed-> failed",
      "starting -restart-> clearing",
      "starting -started-> running",
      "starting -stop-> stopping",
      "stopping -ended-> stopped",
      "waiting -due-> starting",
      "waiting -stop-> stopping",
    ]);
  });

  test("the table that actors use is the machine, also where an event has no meaning", () => {
    for (const from of new Set(TRANSITIONS.flatMap(({ from, to }) => [from, to]))) {
      for (const type of EVENTS) {
        const snapshot = lifecycleMachine.resolveState({ value: from });
        const [next] = transition(lifecycleMachine, snapshot, { type });
        expect(nextState(from, type) ?? from).toBe(next.value);
        if (!snapshot.can({ type })) expect(() => mustStep(from, type)).toThrow(/cannot be/);
      }
    }
  });
});

/**
 * An actor that is led through its life from outside, beside a younger sibling under one-for-all: whatever it waits for
 * in a state, it waits until an event is caused.
 */
function subject() {
  const test = testSystem();
  let setUp = new Gate();
  let hook = new Gate();
  let youngersHook = new Gate();
  let youngerIsSlow = false;
  let older: ActorRef<string> | undefined;
  let younger: ActorRef<string> | undefined;
  const parent = test.system.spawn<string>(
    (context) => {
      older = context.spawn<string>(
        async () => {
          setUp = new Gate();
          hook = new Gate();
          await setUp.wait();
          return {
            receive: () => {
              throw new Error("crash");
            },
            onStop: () => hook.wait(),
          };
        },
        { name: "subject" },
      );
      younger = context.spawn<string>(
        () => {
          youngersHook = new Gate();
          return {
            receive: () => {
              throw new Error("crash");
            },
            onStop: () => (youngerIsSlow ? youngersHook.wait() : undefined),
          };
        },
        { name: "younger" },
      );
      return () => {
        if (older !== undefined) void context.stopChild(older);
      };
    },
    { name: "p", supervision: { strategy: "one-for-all", maxRestarts: 100 } },
  );
  const stateOf = (): LifecycleState => {
    const [found] = test.system.inspect()[0]?.children.filter(({ path }) => path === "/p/subject") ?? [];
    return found?.state ?? "stopped";
  };
  const cause: Readonly<Record<LifecycleEvent, () => Promise<void>>> = {
    started: async () => setUp.open(),
    // A supervisor decides at once, unless another restart is under way.
    crashed: async () => {
      youngerIsSlow = true;
      younger?.tell("crash");
      await test.clock.settle();
      if (stateOf() === "starting") setUp.break(new Error("crash"));
      else older?.tell("crash");
    },
    restart: async () => {
      youngersHook.open();
      if (stateOf() !== "failed") younger?.tell("crash");
    },
    cleared: async () => {
      setUp.open();
      hook.open();
    },
    due: () => test.clock.pass(60),
    stop: async () => {
      parent.tell("stop the subject");
    },
    ended: async () => {
      setUp.open();
      hook.open();
      youngersHook.open();
    },
  };
  return {
    stateOf,
    begin: () => test.clock.settle(),
    cause: async (event: LifecycleEvent) => {
      await cause[event]();
      await test.clock.settle();
    },
  };
}

/** States in which nothing is left to wait for when the life has nothing to put away. */
const PASSED_THROUGH: Readonly<Partial<Record<LifecycleState, LifecycleState>>> = {
  clearing: "waiting",
  stopping: "stopped",
};

describe("a real actor follows the machine", () => {
  const cases = TRANSITIONS.flatMap(({ from, event, to }) => {
    const way = wayTo(from);
    const other = from === "failed" ? [{ way: ["started", "crashed"] as const, from, event, to }] : [];
    return [{ way, from, event, to }, ...other];
  });

  test.each(cases)("after $way: from $from by $event to $to", async ({ way, from, event, to }) => {
    const actor = subject();
    await actor.begin();
    expect(actor.stateOf()).toBe(FIRST_STATE);
    for (const step of way) await actor.cause(step);
    expect(actor.stateOf()).toBe(from);
    await actor.cause(event);
    const isEmpty = from === "waiting" || (from === "failed" && way[0] === "crashed");
    expect(actor.stateOf()).toBe(isEmpty ? (PASSED_THROUGH[to] ?? to) : to);
  });
});
