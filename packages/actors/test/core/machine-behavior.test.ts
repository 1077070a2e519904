import { describe, expect, test } from "vitest";
import { assign, fromCallback, fromPromise, setup } from "xstate";
import type { Behavior } from "../../src/index.ts";
import { machineBehavior } from "../../src/xstate.ts";
import { testSystem } from "./support.ts";

type LampEvent = { readonly type: "press" } | { readonly type: "break" } | { readonly type: "fetch" };
const CONTEXT: { presses: number } = { presses: 0 };

const lamp = setup({
  types: { events: {} as LampEvent, context: CONTEXT },
  actors: { fetch: fromPromise(() => Promise.reject(new Error("not found"))) },
  actions: {
    explode: () => {
      throw new Error("bang");
    },
  },
}).createMachine({
  initial: "dark",
  context: { presses: 0 },
  states: {
    dark: { on: { press: { target: "lit", actions: assign({ presses: ({ context }) => context.presses + 1 }) } } },
    lit: { after: { 1000: "dark" }, on: { press: "off", break: { actions: "explode" }, fetch: "fetching" } },
    fetching: { invoke: { src: "fetch" } },
    off: { type: "final" },
  },
});

function lampSystem() {
  const test = testSystem();
  const states: string[] = [];
  const ref = test.system.spawn(
    machineBehavior(lamp, { onSnapshot: ({ value }) => void states.push(JSON.stringify(value)) }),
    {
      name: "lamp",
    },
  );
  return { ...test, ref, states };
}

describe("an XState machine as an actor", () => {
  test("takes messages as events, and its delays are the system's", async () => {
    const { clock, ref, states } = lampSystem();
    ref.tell({ type: "press" });
    await clock.pass(999);
    expect(states.at(-1)).toBe('"lit"');
    await clock.pass(1);
    expect(states.at(-1)).toBe('"dark"');
  });

  test("stops in its final state", async () => {
    const { system, clock, ref } = lampSystem();
    ref.tell({ type: "press" });
    ref.tell({ type: "press" });
    await clock.settle();
    expect(system.inspect()).toEqual([]);
    expect(clock.timers).toBe(0);
  });

  test.each(["break", "fetch"] as const)("an error of an action or an invoked promise is a crash: %s", async (type) => {
    const { clock, ref, states, snapshot } = lampSystem();
    ref.tell({ type: "press" });
    ref.tell({ type });
    await clock.pass(500);
    expect(snapshot("/lamp")).toMatchObject({ restarts: 1, state: "running" });
    ref.tell({ type: "press" });
    await clock.settle();
    expect(states.at(-1)).toBe('"lit"');
  });

  test("its delays die with it", async () => {
    const { system, clock, ref } = lampSystem();
    ref.tell({ type: "press" });
    await clock.settle();
    expect(clock.timers).toBe(1);
    await system.stopActor(ref);
    expect(clock.timers).toBe(0);
  });
});

/** Runs `machine` until it has crashed `restarts` times, and says what is left of it. */
async function expectToCrash(behavior: Behavior<LampEvent>, event: LampEvent, restarts: number) {
  const { system, clock, snapshot } = testSystem();
  const ref = system.spawn(behavior, { name: "machine" });
  ref.tell(event);
  await clock.pass(2000);
  expect(snapshot("/machine")).toMatchObject({ restarts, state: "running" });
  await system.stopActor(ref);
  expect(clock.timers).toBe(0);
}

describe("a machine under supervision", () => {
  test("restarts when who looks at its snapshots throws, in its turn, between turns, and at its start", async () => {
    const inState = (state: string, times: number) => {
      let left = times;
      return machineBehavior(lamp, {
        onSnapshot: ({ value }) => {
          if (value !== state || left === 0) return;
          left -= 1;
          throw new Error(`seen ${state}`);
        },
      });
    };
    await expectToCrash(inState("lit", 1), { type: "press" }, 1);
    let lives = 0;
    const afterADelay = machineBehavior(lamp, {
      onSnapshot: ({ value, context: { presses } }) => {
        if (value !== "dark" || presses === 0 || lives > 0) return;
        lives += 1;
        throw new Error("seen dark again");
      },
    });
    await expectToCrash(afterADelay, { type: "press" }, 1);
    await expectToCrash(inState("dark", 2), { type: "press" }, 2);
  });

  test.each(["break", "fetch"] as const)("ends with its life all that it has invoked: %s", async (type) => {
    const seen = { begun: 0, ended: 0, aborted: 0 };
    const machine = setup({
      types: { events: {} as LampEvent },
      actors: {
        listen: fromCallback(() => {
          seen.begun += 1;
          return () => {
            seen.ended += 1;
          };
        }),
        wait: fromPromise(
          ({ signal }) =>
            new Promise((_, reject) => {
              signal.addEventListener("abort", () => {
                seen.aborted += 1;
                reject(new Error("aborted"));
              });
            }),
        ),
        fetch: fromPromise(() => Promise.reject(new Error("not found"))),
      },
      actions: {
        explode: () => {
          throw new Error("bang");
        },
      },
    }).createMachine({
      invoke: [{ src: "listen" }, { src: "wait" }],
      initial: "idle",
      states: {
        idle: { on: { break: { actions: "explode" }, fetch: "fetching" } },
        fetching: { invoke: { src: "fetch" } },
      },
    });
    await expectToCrash(machineBehavior(machine), { type }, 1);
    expect(seen).toEqual({ begun: 2, ended: 2, aborted: 2 });
  });

  test("that always fails at its start is given up, and its supervisor's other children restart with it", async () => {
    const { system, clock } = testSystem();
    let siblings = 0;
    system.spawn<never>(
      (context) => {
        context.spawn(() => {
          siblings += 1;
          return () => undefined;
        });
        const onSnapshot = (): void => {
          throw new Error("never");
        };
        context.spawn(machineBehavior(lamp, { onSnapshot }));
        return () => undefined;
      },
      { supervision: { strategy: "one-for-all", maxRestarts: 2 }, restart: "temporary" },
    );
    await clock.pass(60_000);
    expect(siblings).toBe(3);
    expect(system.inspect()).toEqual([]);
    expect(clock.timers).toBe(0);
  });
});
