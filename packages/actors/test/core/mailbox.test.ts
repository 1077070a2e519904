import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Overflow } from "../../src/index.ts";
import { expectCode, Gate, testSystem } from "./support.ts";

/** An actor that is stuck on its first message until the gate opens. */
function stuck(options: {
  readonly overflow: Overflow;
  readonly capacity: number;
  readonly priority?: { readonly when: (message: string) => boolean; readonly capacity?: number };
}) {
  const { capacity, overflow, priority } = options;
  const test = testSystem();
  const gate = new Gate();
  const got: string[] = [];
  const mailbox = priority === undefined ? { capacity, overflow } : { capacity, overflow, priority };
  const ref = test.system.spawn<string>(
    () => async (message) => {
      got.push(message);
      if (message === "first") await gate.wait();
    },
    { name: "stuck", mailbox },
  );
  ref.tell("first");
  return { ...test, gate, got, ref };
}

describe("a full mailbox", () => {
  test("that refuses gives tell, ask and offer a typed error, and keeps what it has", async () => {
    const { clock, gate, got, ref } = stuck({ overflow: "refuse", capacity: 2 });
    await clock.settle();
    expect([ref.tell("a"), ref.tell("b")]).toEqual([undefined, undefined]);
    expect(ref.tell("c")).toMatchObject({ code: "mailbox-full" });
    await expect(ref.offer("d")).rejects.toMatchObject({ code: "mailbox-full" });
    await expect(ref.ask(() => "e")).rejects.toMatchObject({ code: "mailbox-full" });
    gate.open();
    await clock.settle();
    expect(got).toEqual(["first", "a", "b"]);
  });

  test("that drops the oldest reports it, and fails the question it was", async () => {
    const { clock, gate, got, ref, refusals } = stuck({ overflow: "drop-oldest", capacity: 2 });
    await clock.settle();
    ref.tell("a");
    const asked = expectCode(
      ref.ask(() => "b"),
      "mailbox-full",
    );
    ref.tell("c");
    ref.tell("d");
    await asked;
    expect(refusals.map(({ message, error }) => [message, error.code])).toEqual([["a", "mailbox-full"]]);
    gate.open();
    await clock.settle();
    expect(got).toEqual(["first", "c", "d"]);
  });

  test("with back-pressure lets offers wait for room, in their order", async () => {
    const { clock, gate, got, ref } = stuck({ overflow: "back-pressure", capacity: 1 });
    await clock.settle();
    await ref.offer("a");
    const taken: string[] = [];
    const offers = ["b", "c"].map(async (message) => {
      await ref.offer(message);
      taken.push(message);
    });
    await clock.settle();
    expect(taken).toEqual([]);
    expect(ref.tell("d")).toMatchObject({ code: "mailbox-full" });
    gate.open();
    await Promise.all([...offers, clock.settle()]);
    expect(taken).toEqual(["b", "c"]);
    expect(got).toEqual(["first", "a", "b", "c"]);
  });

  test("offers that wait end with their deadline, their signal or the actor, and then are not delivered", async () => {
    const { system, clock, gate, got, ref } = stuck({ overflow: "back-pressure", capacity: 1 });
    await clock.settle();
    ref.tell("a");
    const abort = new AbortController();
    const late = expectCode(ref.offer("late", { timeoutMs: 10 }), "ask-timeout");
    const given = expectCode(ref.offer("up", { signal: abort.signal }), "cancelled");
    const stopped = expectCode(ref.offer("stopped"), "actor-stopped");
    abort.abort();
    await Promise.all([late, given, clock.pass(10)]);
    const ended = system.stopActor(ref);
    gate.open();
    await Promise.all([ended, stopped]);
    expect(got).toEqual(["first"]);
  });

  test("an offer that was given up is not delivered when room is made, and the next one is", async () => {
    const { clock, gate, got, ref } = stuck({ overflow: "back-pressure", capacity: 1 });
    await clock.settle();
    ref.tell("a");
    const late = expectCode(ref.offer("late", { timeoutMs: 10 }), "ask-timeout");
    const next = ref.offer("next", { timeoutMs: 1000 });
    await Promise.all([late, clock.pass(10)]);
    gate.open();
    await Promise.all([next, clock.settle()]);
    expect(got).toEqual(["first", "a", "next"]);
  });

  test("what the runtime owes the actor is never dropped, and takes no place of a message", async () => {
    const { system, clock } = testSystem();
    let gate = new Gate();
    const got: string[] = [];
    const ref = system.spawn<string>(
      (context) => {
        context.timers.every("t", 10, "tick");
        return async (message) => {
          got.push(message);
          await gate.wait();
        };
      },
      { mailbox: { capacity: 2, overflow: "drop-oldest" } },
    );
    gate.open();
    await clock.pass(50);
    expect(got).toHaveLength(5);
    gate = new Gate();
    ref.tell("first");
    await clock.pass(10);
    for (const message of ["a", "b", "c"]) ref.tell(message);
    gate.open();
    await clock.settle();
    expect(got.slice(5)).toEqual(["first", "tick", "b", "c"]);
  });

  test("at most so many offers wait", async () => {
    const { system, clock } = testSystem();
    const gate = new Gate();
    const ref = system.spawn<number>(() => () => gate.wait(), {
      mailbox: { capacity: 1, overflow: "back-pressure", maxWaiting: 1 },
    });
    ref.tell(0);
    await clock.settle();
    ref.tell(1);
    const waiting = ref.offer(2);
    await expect(ref.offer(3)).rejects.toMatchObject({ code: "mailbox-full" });
    gate.open();
    await Promise.all([waiting, clock.settle()]);
  });

  test("an urgent message overtakes, and its lane has a bound of its own", async () => {
    const priority = { when: (message: string) => message.startsWith("!"), capacity: 1 };
    const { clock, gate, got, ref } = stuck({ overflow: "refuse", capacity: 1, priority });
    await clock.settle();
    expect([ref.tell("a"), ref.tell("!b")]).toEqual([undefined, undefined]);
    expect([ref.tell("c"), ref.tell("!d")]).toEqual([
      expect.objectContaining({ code: "mailbox-full" }),
      expect.objectContaining({ code: "mailbox-full" }),
    ]);
    gate.open();
    await clock.settle();
    expect(got).toEqual(["first", "!b", "a"]);
  });

  test.each<Overflow>(["drop-oldest", "back-pressure"])(
    "each lane answers by itself when it is full: %s",
    async (overflow) => {
      const priority = { when: (message: string) => message.startsWith("!"), capacity: 2 };
      const { clock, gate, got, ref, refusals } = stuck({ overflow, capacity: 2, priority });
      await clock.settle();
      const offers = ["a", "!b", "c", "!d"].map((message) => ref.offer(message));
      const late = Promise.allSettled(["e", "!f"].map((message) => ref.offer(message)));
      await Promise.all(offers);
      gate.open();
      await clock.settle();
      expect(await late).toEqual([
        expect.objectContaining({ status: "fulfilled" }),
        expect.objectContaining({ status: "fulfilled" }),
      ]);
      const dropped = overflow === "drop-oldest" ? ["a", "!b"] : [];
      expect(refusals.map(({ message }) => message)).toEqual(dropped);
      const all =
        overflow === "drop-oldest" ? ["first", "!d", "!f", "c", "e"] : ["first", "!b", "!d", "!f", "a", "c", "e"];
      expect(got).toEqual(all);
    },
  );

  test("what waited outside and was let in is reported when the actor ends before its turn", async () => {
    const { system, clock, refusals, snapshot } = testSystem();
    const ref = system.spawn<string>((context) => () => context.stop(), {
      name: "m",
      mailbox: { capacity: 1, overflow: "back-pressure" },
    });
    ref.tell("a");
    const offers = Promise.allSettled([ref.offer("b"), ref.offer("c")]);
    expect(snapshot("/m")).toMatchObject({ mailboxDepth: 1, mailboxCapacity: 1, offersWaiting: 2 });
    await clock.settle();
    expect(await offers).toEqual([
      { status: "fulfilled", value: undefined },
      { status: "rejected", reason: expect.objectContaining({ code: "actor-stopped" }) },
    ]);
    expect(refusals).toEqual([expect.objectContaining({ message: "b" })]);
  });

  test("a message of which nobody can tell whether it is urgent is refused", () => {
    const { system } = testSystem();
    const priority = { when: (message: { readonly n: number }) => message.n.toFixed() === "1" };
    const ref = system.resolve<unknown>(
      system.spawn<{ readonly n: number }>(() => () => undefined, { mailbox: { priority } }).address,
    );
    expect(ref.tell({})).toMatchObject({ code: "bad-message" });
  });

  test.each([[{ capacity: 0 }], [{ capacity: 1.5 }], [{ maxWaiting: NaN }], [{ capacity: -1 }]])(
    "%j is no bound",
    (mailbox) => {
      const { system } = testSystem();
      expect(() => system.spawn<number>(() => () => undefined, { mailbox })).toThrow(
        expect.objectContaining({ code: "bad-option" }),
      );
    },
  );
});

test("an offer with a wait of no known length is refused", async () => {
  const { system } = testSystem();
  const ref = system.spawn<string>(() => () => undefined);
  await expect(ref.offer("a", { timeoutMs: NaN })).rejects.toMatchObject({ code: "bad-option" });
  await expect(ref.ask(() => "a", { timeoutMs: NaN })).rejects.toMatchObject({ code: "bad-option" });
});

describe("an acknowledged offer", () => {
  test("waits until the handler has finished", async () => {
    const { clock, gate, got, ref } = stuck({ overflow: "refuse", capacity: 2 });
    let isDone = false;
    const offer = (async () => {
      await ref.offer("a", { acknowledged: true });
      isDone = true;
    })();
    await clock.settle();
    expect(isDone).toBe(false);
    gate.open();
    await offer;
    expect(got).toEqual(["first", "a"]);
  });

  test("that was given up before its turn is not delivered", async () => {
    const { clock, gate, got, ref } = stuck({ overflow: "refuse", capacity: 2 });
    await clock.settle();
    const late = expectCode(ref.offer("late", { acknowledged: true, timeoutMs: 10 }), "ask-timeout");
    await Promise.all([late, clock.pass(10)]);
    gate.open();
    await clock.settle();
    expect(got).toEqual(["first"]);
  });

  test("fails when the handler crashes on it", async () => {
    const { system } = testSystem();
    const ref = system.spawn<string>(() => () => {
      throw new Error("no");
    });
    await expect(ref.offer("a", { acknowledged: true })).rejects.toMatchObject({ code: "actor-failed" });
    await expect(ref.offer("a")).resolves.toBeUndefined();
  });
});

const step = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom("tell", "tell urgent", "ask", "offer") },
  { weight: 1, arbitrary: fc.constantFrom("work", "crash", "timer") },
);

test("no mailbox ever holds more than its bounds, and every question and offer ends", async () => {
  const overflow = fc.constantFrom<Overflow>("refuse", "drop-oldest", "back-pressure");
  await fc.assert(
    fc.asyncProperty(
      overflow,
      fc.integer({ min: 1, max: 4 }),
      fc.array(step, { maxLength: 60, size: "max" }),
      async (overflow, capacity, steps) => {
        const test = testSystem({ supervision: { maxRestarts: Infinity } });
        let gate = new Gate();
        const ref = test.system.spawn<string>(
          (context) => async (message) => {
            if (message === "timer") context.timers.once("t", 1, "tick");
            await gate.wait();
            if (message === "crash") throw new Error("no");
          },
          {
            name: "m",
            mailbox: { capacity, overflow, maxWaiting: 3, priority: { when: (m) => m === "!", capacity: 2 } },
          },
        );
        const pending: Promise<boolean>[] = [];
        for (const each of steps) {
          if (each === "tell" || each === "crash" || each === "timer") ref.tell(each);
          else if (each === "tell urgent") ref.tell("!");
          else if (each === "ask") pending.push(succeeds(ref.ask(() => "ask", { timeoutMs: 50 })));
          else if (each === "offer") pending.push(succeeds(ref.offer("offer", { timeoutMs: 50 })));
          else {
            gate.open();
            gate = new Gate();
            await test.clock.pass(1);
          }
          const { mailboxDepth } = test.snapshot("/m");
          // One timer's message has a place of its own.
          expect(mailboxDepth).toBeLessThanOrEqual(capacity + 2 + 1);
        }
        const settled = Promise.all(pending);
        await test.clock.pass(60);
        expect(await settled).toHaveLength(pending.length);
        gate.open();
        const stopped = test.system.stop();
        await test.clock.pass(10_000);
        await stopped;
        expect(test.clock.timers).toBe(0);
      },
    ),
    { numRuns: 60 },
  );
});

async function succeeds(promise: Promise<unknown>): Promise<boolean> {
  try {
    await promise;
    return true;
  } catch {
    return false;
  }
}
