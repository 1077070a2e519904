import { describe, expect, test } from "vitest";
import { assign, fromPromise, setup } from "xstate";
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
