import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  type ActorRef,
  createEventBus,
  type EventBus,
  type EventKinds,
  formatAddress,
  type Published,
  type QueueOptions,
  type RemoteDelivery,
} from "../../src/index.ts";
import { expectCode, Gate, testSystem, type TestSystem } from "../core/support.ts";

interface Events {
  readonly STTEvent: { readonly text: string; readonly isFinal: boolean };
  readonly LLMReply: { readonly text: string };
  readonly ActionRequest: { readonly action: string; readonly atMs: number };
  readonly Count: number;
}

const KINDS: EventKinds<Events> = {
  STTEvent: (event) => {
    const { text, isFinal } = event as Events["STTEvent"];
    if (typeof text !== "string" || typeof isFinal !== "boolean") throw new TypeError("text or isFinal is missing");
    return { text, isFinal };
  },
  LLMReply: (event) => {
    const { text } = event as Events["LLMReply"];
    if (typeof text !== "string") throw new TypeError("it says nothing");
    return { text };
  },
  ActionRequest: (event) => {
    const { action, atMs } = event as Events["ActionRequest"];
    if (typeof action !== "string") throw new TypeError("no action");
    return { action: action.toLowerCase(), atMs };
  },
  Count: Number,
};

function setUp(options: Parameters<typeof testSystem>[0] = {}): TestSystem & { readonly bus: EventBus<Events> } {
  const world = testSystem(options);
  return { ...world, bus: createEventBus<Events>(world.system, KINDS) };
}

/** An actor that keeps what it is sent, and waits at a gate first when there is one. */
function keeper(world: TestSystem, gate?: Gate): { readonly ref: ActorRef<unknown>; readonly seen: unknown[] } {
  const seen: unknown[] = [];
  const ref = world.system.spawn<unknown>(() => async (message) => {
    await gate?.wait();
    seen.push(message);
  });
  return { ref, seen };
}

function subscribeToCounts(world: { readonly bus: EventBus<Events> }, ref: ActorRef<unknown>, options?: QueueOptions) {
  return world.bus.subscribe(["Count"], ref, ({ event }) => event, options);
}

describe("an event", () => {
  test("reaches every subscriber of its kind, as its check gave it back, and nobody else", async () => {
    const world = setUp();
    const both = keeper(world);
    const replies = keeper(world);
    world.bus.subscribe(["STTEvent", "ActionRequest"], both.ref, (published: Published<Events>) => published);
    world.bus.subscribe(["LLMReply"], replies.ref, ({ event }) => event.text);
    expect(world.bus.publish("STTEvent", { text: "hello", isFinal: true })).toBeUndefined();
    expect(world.bus.publish("ActionRequest", { action: "STOP", atMs: 3 })).toBeUndefined();
    expect(world.bus.publish("LLMReply", { text: "yes" })).toBeUndefined();
    await world.clock.settle();
    expect(both.seen).toEqual([
      { kind: "STTEvent", event: { text: "hello", isFinal: true } },
      { kind: "ActionRequest", event: { action: "stop", atMs: 3 } },
    ]);
    expect(replies.seen).toEqual(["yes"]);
  });

  test("that its check refuses is answered to its publisher, and reaches nobody", async () => {
    const world = setUp();
    const { ref, seen } = keeper(world);
    world.bus.subscribe(["STTEvent"], ref, ({ event }) => event);
    const wrong = { text: 7 } as unknown as Events["STTEvent"];
    expect(world.bus.publish("STTEvent", wrong)).toMatchObject({ code: "bad-message" });
    await expectCode(world.bus.offer("STTEvent", wrong), "bad-message");
    for (const kind of ["Nothing", "toString", "__proto__"] as const) {
      expect(world.bus.publish(kind as "LLMReply", { text: "" })).toMatchObject({ code: "bad-message" });
      expect(() => world.bus.subscribe([kind as "LLMReply"], ref, String)).toThrow(/no events of kind/);
    }
    await world.clock.settle();
    expect(seen).toEqual([]);
  });

  test("on which a subscriber crashes is counted, and the next one comes to its next life", async () => {
    const world = setUp();
    const seen: number[] = [];
    const ref = world.system.spawn<number>(() => (n) => {
      if (n === 1) throw new Error("no");
      seen.push(n);
    });
    world.bus.subscribe(["Count"], ref, ({ event }) => event);
    for (const n of [0, 1, 2]) world.bus.publish("Count", n);
    await world.clock.pass(1000);
    expect(seen).toEqual([0, 2]);
    expect(world.bus.inspect()).toMatchObject([{ delivered: 2, failed: 1, dropped: 0, depth: 0 }]);
  });

  test("for which a subscriber takes too long gives way to the next", async () => {
    const world = setUp();
    const gate = new Gate();
    const { ref } = keeper(world, gate);
    subscribeToCounts(world, ref, { handlingTimeoutMs: 100 });
    world.bus.publish("Count", 1);
    await world.clock.pass(200);
    expect(world.bus.inspect()).toMatchObject([{ failed: 1 }]);
    gate.open();
  });

  test("waits at the bus while the mailbox of its subscriber is full", async () => {
    const world = setUp();
    const gate = new Gate();
    const seen: unknown[] = [];
    const ref = world.system.spawn<unknown>(
      () => async (message) => {
        await gate.wait();
        seen.push(message);
      },
      { mailbox: { capacity: 1 } },
    );
    subscribeToCounts(world, ref);
    ref.tell("a");
    await world.clock.settle();
    ref.tell("b");
    world.bus.publish("Count", 1);
    await world.clock.pass(500);
    expect(seen).toEqual([]);
    gate.open();
    await world.clock.pass(500);
    expect(seen).toEqual(["a", "b", 1]);
    expect(world.bus.inspect()).toMatchObject([{ delivered: 1, failed: 0 }]);
  });
});

describe("the queue of a slow subscriber", () => {
  test.each([
    ["refuse", "mailbox-full", [0, 1, 2]],
    ["drop-oldest", undefined, [0, 2, 3]],
    ["back-pressure", "mailbox-full", [0, 1, 2]],
  ] as const)("answers with %s when it is full, and its length is seen", async (overflow, code, handled) => {
    const world = setUp();
    const gate = new Gate();
    const slow = keeper(world, gate);
    const quick = keeper(world);
    subscribeToCounts(world, slow.ref, { capacity: 2, overflow });
    subscribeToCounts(world, quick.ref);
    for (const n of [0, 1, 2]) expect(world.bus.publish("Count", n)).toBeUndefined();
    expect(world.bus.publish("Count", 3)?.code).toBe(code);
    await world.clock.settle();
    expect(world.bus.inspect()[0]).toMatchObject({ depth: 2, capacity: 2, overflow, dropped: 1, kinds: ["Count"] });
    expect(quick.seen).toEqual([0, 1, 2, 3]);
    gate.open();
    await world.clock.settle();
    expect(slow.seen).toEqual(handled);
  });

  test("makes offers wait for room, in their order, and nobody overtakes them", async () => {
    const world = setUp();
    const gate = new Gate();
    const slow = keeper(world, gate);
    subscribeToCounts(world, slow.ref, { capacity: 1, overflow: "back-pressure", maxWaiting: 2 });
    world.bus.publish("Count", 0);
    world.bus.publish("Count", 1);
    const offers = [world.bus.offer("Count", 2), world.bus.offer("Count", 3)];
    await expectCode(world.bus.offer("Count", 4), "mailbox-full");
    expect(world.bus.publish("Count", 5)).toMatchObject({ code: "mailbox-full" });
    expect(world.bus.inspect()).toMatchObject([{ waiting: 2 }]);
    gate.open();
    await Promise.all(offers);
    await world.clock.settle();
    expect(slow.seen).toEqual([0, 1, 2, 3]);
  });

  test("lets no offer wait longer than it may", async () => {
    const world = setUp();
    const gate = new Gate();
    const slow = keeper(world, gate);
    subscribeToCounts(world, slow.ref, { capacity: 1, overflow: "back-pressure", maxWaiting: 1 });
    world.bus.publish("Count", 0);
    world.bus.publish("Count", 1);
    const late = expectCode(world.bus.offer("Count", 2, { timeoutMs: 50 }), "ask-timeout");
    await world.clock.pass(60);
    await late;
    const abort = new AbortController();
    const cancelled = expectCode(world.bus.offer("Count", 3, { signal: abort.signal }), "cancelled");
    abort.abort();
    await cancelled;
    await expectCode(world.clock.until(world.bus.offer("Count", 4, { signal: abort.signal })), "cancelled");
    gate.open();
    await world.clock.settle();
    expect(slow.seen).toEqual([0, 1]);
    expect(world.bus.inspect()).toMatchObject([{ waiting: 0 }]);
  });

  test("leaves no timer and no listener of an offer behind", async () => {
    const world = setUp();
    const { ref } = keeper(world);
    subscribeToCounts(world, ref, { capacity: 1, overflow: "back-pressure" });
    const { signal } = new AbortController();
    for (const n of [1, 2, 3]) await world.clock.until(world.bus.offer("Count", n, { signal }));
    expect(getEventListeners(signal, "abort")).toEqual([]);
    // Those of the deliveries share one, which is kept for the next.
    await world.clock.settle();
    expect(world.clock.timers).toBe(1);
  });

  test("never holds more than its capacity, and loses nothing but what it says", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom("refuse", "drop-oldest", "back-pressure" as const),
        fc.array(fc.constantFrom("publish", "offer", "settle"), { maxLength: 40, size: "max" }),
        async (capacity, overflow, steps) => {
          const world = setUp();
          const { ref, seen } = keeper(world);
          subscribeToCounts(world, ref, { capacity, overflow, maxWaiting: 3 });
          let refused = 0;
          const offers: Promise<unknown>[] = [];
          for (const [n, step] of steps.entries()) {
            if (step === "publish" && world.bus.publish("Count", n) !== undefined) refused += 1;
            if (step === "offer") offers.push(world.bus.offer("Count", n).catch(() => (refused += 1)));
            if (step === "settle") await world.clock.settle();
            expect(world.bus.inspect()[0]?.depth).toBeLessThanOrEqual(capacity);
          }
          await Promise.all(offers);
          await world.clock.settle();
          const sent = steps.filter((step) => step !== "settle").length;
          const dropped = world.bus.inspect()[0]?.dropped ?? 0;
          expect(seen.length).toBe(sent - dropped);
          expect(refused).toBe(overflow === "drop-oldest" ? 0 : dropped);
          expect(seen).toEqual(seen.toSorted((a, b) => Number(a) - Number(b)));
          await world.system.stop();
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe("a subscription", () => {
  test("ends with its actor, and who waits for its room goes on", async () => {
    const world = setUp();
    const gate = new Gate();
    const { ref } = keeper(world, gate);
    subscribeToCounts(world, ref, { capacity: 1, overflow: "back-pressure" });
    world.bus.publish("Count", 0);
    world.bus.publish("Count", 1);
    const offered = world.bus.offer("Count", 2);
    const stopped = world.system.stopActor(ref);
    gate.open();
    await stopped;
    await offered;
    await world.clock.settle();
    expect(world.bus.inspect()).toEqual([]);
    expect(world.bus.publish("Count", 3)).toBeUndefined();
  });

  test("outlives a restart of its actor", async () => {
    const world = setUp();
    const seen: unknown[] = [];
    const ref = world.system.spawn<unknown>(() => (message) => {
      if (message === "crash") throw new Error("no");
      seen.push(message);
    });
    subscribeToCounts(world, ref);
    ref.tell("crash");
    world.bus.publish("Count", 1);
    await world.clock.pass(1000);
    expect(seen).toEqual([1]);
  });

  test("that has ended sends nothing more, not even what waits for room in the mailbox of its actor", async () => {
    const world = setUp();
    const gate = new Gate();
    const seen: unknown[] = [];
    const ref = world.system.spawn<unknown>(
      () => async (message) => {
        await gate.wait();
        seen.push(message);
      },
      { mailbox: { capacity: 1 } },
    );
    const end = subscribeToCounts(world, ref);
    ref.tell("a");
    await world.clock.settle();
    ref.tell("b");
    world.bus.publish("Count", 1);
    await world.clock.pass(100);
    end();
    gate.open();
    await world.clock.pass(500);
    expect(seen).toEqual(["a", "b"]);
  });

  test("ends when it is asked to, once, and with the bus", async () => {
    const world = setUp();
    const [a, b] = [keeper(world), keeper(world)];
    const end = subscribeToCounts(world, a.ref);
    subscribeToCounts(world, b.ref);
    end();
    end();
    world.bus.publish("Count", 1);
    await world.clock.settle();
    expect([a.seen, b.seen]).toEqual([[], [1]]);
    world.bus.close();
    expect(world.bus.inspect()).toEqual([]);
    expect(() => subscribeToCounts(world, b.ref)).toThrow(/closed/);
  });

  test("with bounds that make no sense is refused", () => {
    const world = setUp();
    const { ref } = keeper(world);
    const bad: readonly unknown[] = [
      ...[0, 1.5, NaN, Infinity, "9"].map((capacity) => ({ capacity })),
      ...[-1, 1.5, NaN, Infinity].map((maxWaiting) => ({ maxWaiting })),
      ...[0, -1, NaN, Infinity].map((handlingTimeoutMs) => ({ handlingTimeoutMs })),
      ...["drop", null, undefined].map((overflow) => ({ overflow })),
    ];
    for (const options of bad) {
      expect(() => subscribeToCounts(world, ref, options as QueueOptions)).toThrow(
        expect.objectContaining({ code: "bad-option" }),
      );
    }
    expect(world.bus.inspect()).toEqual([]);
  });

  test("is offered nothing within a time that has no end", async () => {
    const world = setUp();
    for (const timeoutMs of [NaN, Infinity, -1]) {
      await expectCode(world.bus.offer("Count", 1, { timeoutMs }), "bad-option");
    }
  });

  test("ends as soon as its actor is stopping, which is no failure of its handler", async () => {
    const world = setUp();
    const gate = new Gate();
    const { ref } = keeper(world, gate);
    subscribeToCounts(world, ref);
    ref.tell("hold");
    await world.clock.settle();
    const stopped = world.system.stopActor(ref);
    world.bus.publish("Count", 1);
    await world.clock.settle();
    expect(world.bus.inspect()).toEqual([]);
    expect(world.warnings).toEqual([]);
    gate.open();
    await stopped;
  });

  test("that has ended watches its actor no longer", async () => {
    const [watched, unwatched]: [string[], string[]] = [[], []];
    const delivery: RemoteDelivery = {
      tell: () => undefined,
      offer: () => Promise.resolve(),
      watch: (to) => void watched.push(formatAddress(to)),
      unwatch: (to) => void unwatched.push(formatAddress(to)),
      close: () => Promise.resolve(),
    };
    const world = setUp({ remoting: () => delivery });
    const elsewhere = world.system.resolve<unknown>("parley://there/one");
    const end = subscribeToCounts(world, elsewhere);
    expect([watched, unwatched]).toEqual([["parley://there/one"], []]);
    end();
    expect(unwatched).toEqual(watched);
  });
});
