import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import type { ActorRef } from "../../src/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { expectCode, Gate, testSystem } from "./support.ts";

interface Question {
  readonly n: number;
  readonly replyTo: ActorRef<number>;
}

describe("tell", () => {
  test("messages are handled in the order of sending, one at a time, also when the handler waits", async () => {
    const { system, clock } = testSystem();
    const log: string[] = [];
    const ref = system.spawn<number>(() => async (n) => {
      log.push(`begin ${n}`);
      if (n % 2 === 0) await Promise.resolve();
      log.push(`end ${n}`);
    });
    for (let n = 0; n < 6; n += 1) ref.tell(n);
    await clock.settle();
    expect(log).toEqual([0, 1, 2, 3, 4, 5].flatMap((n) => [`begin ${n}`, `end ${n}`]));
  });

  test("any value is a message, undefined and references too", async () => {
    const { system, clock } = testSystem();
    const got: unknown[] = [];
    const ref = system.spawn<unknown>(() => (message) => void got.push(message));
    const sent = [undefined, null, 0, "", ref, { type: "x" }];
    for (const message of sent) ref.tell(message);
    await clock.settle();
    expect(got).toEqual(sent);
  });

  test("messages that came before a slow start are kept", async () => {
    const { system, clock } = testSystem();
    const gate = new Gate();
    const got: number[] = [];
    const ref = system.spawn<number>(async () => {
      await gate.wait();
      return (n) => void got.push(n);
    });
    ref.tell(1);
    ref.tell(2);
    await clock.settle();
    expect(got).toEqual([]);
    gate.open();
    await clock.settle();
    expect(got).toEqual([1, 2]);
  });

  test("an instance of a class is a handler", async () => {
    const { system, clock } = testSystem();
    class Counter {
      count = 0;
      receive(by: number): void {
        this.count += by;
      }
    }
    const counter = new Counter();
    const ref = system.spawn<number>(() => counter);
    ref.tell(2);
    ref.tell(3);
    await clock.settle();
    expect(counter.count).toBe(5);
  });

  test("an actor that becomes another takes the next message as that one", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    const ref = system.spawn<string>((context) => (message) => {
      got.push(`first ${message}`);
      context.become((next) => void got.push(`second ${next}`));
    });
    ref.tell("a");
    ref.tell("b");
    await clock.settle();
    expect(got).toEqual(["first a", "second b"]);
  });

  test("who has stopped refuses with an error", async () => {
    const { system } = testSystem();
    const ref = system.spawn<number>(() => () => undefined);
    await system.stopActor(ref);
    expect(ref.tell(1)).toMatchObject({ code: "actor-stopped" });
  });
});

describe("ask", () => {
  test("gives the first answer and takes no other", async () => {
    const { system } = testSystem();
    const ref = system.spawn<Question>(() => ({ n, replyTo }) => {
      replyTo.tell(n * 2);
      replyTo.tell(n * 3);
    });
    expect(await ref.ask((replyTo) => ({ n: 4, replyTo }))).toBe(8);
  });

  test("ends with ask-timeout when no answer comes, and no timer is left", async () => {
    const { system, clock } = testSystem({ askTimeoutMs: 100 });
    const ref = system.spawn<Question>(() => () => undefined);
    const asked = expectCode(
      ref.ask((replyTo) => ({ n: 1, replyTo })),
      "ask-timeout",
    );
    const sooner = ref.ask((replyTo) => ({ n: 1, replyTo }), { timeoutMs: 10 });
    await Promise.all([expect(sooner).rejects.toMatchObject({ code: "ask-timeout" }), clock.pass(10)]);
    await Promise.all([asked, clock.pass(90)]);
    expect(clock.timers).toBe(0);
  });

  test("fails at once when the actor crashes on it", async () => {
    const { system } = testSystem();
    const ref = system.spawn<Question>(() => () => {
      throw new Error("no");
    });
    await expect(ref.ask((replyTo) => ({ n: 1, replyTo }))).rejects.toMatchObject({ code: "actor-failed" });
  });

  test("fails at once when the actor crashes on it after a while", async () => {
    const { system } = testSystem();
    const ref = system.spawn<Question>(() => async () => {
      await Promise.resolve();
      throw new Error("no");
    });
    await expect(ref.ask((replyTo) => ({ n: 1, replyTo }))).rejects.toMatchObject({ code: "actor-failed" });
  });

  test("fails when the actor stops with the question in its mailbox", async () => {
    const { system } = testSystem();
    const ref = system.spawn<Question>((context) => () => context.stop());
    const first = ref.ask((replyTo) => ({ n: 1, replyTo }), { timeoutMs: 1000 });
    const second = ref.ask((replyTo) => ({ n: 2, replyTo }), { timeoutMs: 1000 });
    const third = expectCode(second, "actor-stopped");
    await third;
    const stopped = expectCode(first, "system-stopped");
    await system.stop();
    await stopped;
  });

  test("is cancelled by its signal, before or after it is sent", async () => {
    const { system } = testSystem();
    const ref = system.spawn<Question>(() => () => undefined);
    const abort = new AbortController();
    const asked = ref.ask((replyTo) => ({ n: 1, replyTo }), { signal: abort.signal });
    abort.abort();
    await expect(asked).rejects.toMatchObject({ code: "cancelled" });
    await expect(ref.ask((replyTo) => ({ n: 1, replyTo }), { signal: abort.signal })).rejects.toMatchObject({
      code: "cancelled",
    });
  });

  test("neither asks, offers nor streams leave listeners on their signal", async () => {
    const { system } = testSystem();
    const { signal } = new AbortController();
    const ref = system.spawn<Question>(() => ({ n, replyTo }) => {
      replyTo.tell(n);
    });
    const nowhere = system.resolve<number>("parley://here/nobody");
    for (let n = 0; n < 5; n += 1) {
      await ref.ask((replyTo) => ({ n, replyTo }), { signal });
      await ref.offer({ n, replyTo: nowhere }, { signal, acknowledged: true });
      for await (const item of system.readStream(system.offerStream([n], { signal }), { signal })) expect(item).toBe(n);
    }
    expect(getEventListeners(signal, "abort")).toEqual([]);
  });

  test("what the builder of the message throws is the caller's", async () => {
    const { system, clock } = testSystem();
    const ref = system.spawn<Question>(() => () => undefined);
    const asked = ref.ask((replyTo) => {
      expect(replyTo.address).toContain("/%24/");
      throw new TypeError("cannot build");
    });
    await expect(asked).rejects.toThrow(TypeError);
    expect(clock.timers).toBe(0);
  });

  test("an answer that will not do is refused on both sides", async () => {
    const { system } = testSystem();
    let refused: unknown;
    const ref = system.spawn<Question>(() => ({ replyTo }) => {
      refused = replyTo.tell(-1);
    });
    const accepts = (reply: unknown): void => {
      if (typeof reply !== "number" || reply < 0) throw new Error("negative");
    };
    const asked = ref.ask<number>((replyTo) => ({ n: 1, replyTo }), { accepts });
    await expect(asked).rejects.toMatchObject({ code: "bad-message" });
    expect(refused).toMatchObject({ code: "bad-message" });
  });

  test("a reply that nobody waits for any more has an address that leads nowhere, also when nobody had asked for it before", async () => {
    const { system } = testSystem();
    let address = "";
    const ref = system.spawn<Question>(() => ({ replyTo }) => {
      replyTo.tell(1);
      ({ address } = replyTo);
    });
    expect(await ref.ask((replyTo) => ({ n: 1, replyTo }))).toBe(1);
    expect(system.resolve<number>(address).tell(2)).toMatchObject({ code: "no-such-actor" });
  });

  test("a reply address can be resolved while it is waited for, and no longer", async () => {
    const { system } = testSystem();
    let address = "";
    const ref = system.spawn<Question>(() => ({ n, replyTo }) => {
      ({ address } = replyTo);
      system.resolve<number>(address).tell(n + 1);
    });
    expect(await ref.ask((replyTo) => ({ n: 1, replyTo }))).toBe(2);
    expect(system.resolve<number>(address).tell(3)).toMatchObject({ code: "no-such-actor" });
  });
});

describe("stash", () => {
  test("what is set aside comes back before what waits, in its order, and a question set aside still counts as one", async () => {
    const { system, clock } = testSystem();
    const got: number[] = [];
    let isOpen = false;
    const ref = system.spawn<Question>((context) => {
      return (question) => {
        if (question.n === 0) {
          isOpen = true;
          context.unstashAll();
        } else if (!isOpen) context.stash(question);
        else if (question.n === 2) throw new Error("no");
        else got.push(question.n);
      };
    });
    const ask = (n: number): Promise<number> => ref.ask((replyTo) => ({ n, replyTo }));
    const asked = [1, 2, 3, 0, 4].map(async (n) => {
      try {
        return await ask(n);
      } catch (error) {
        return error;
      }
    });
    await clock.pass(10_000);
    expect(got).toEqual([1, 3, 4]);
    expect(await asked[1]).toMatchObject({ code: "actor-failed" });
  });

  test("comes back also when it is a callback that wants it", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    const ref = system.spawn<string>((context) => {
      let isReady = false;
      context.clock.after(10, () => {
        isReady = true;
        context.unstashAll();
      });
      return (message) => {
        if (isReady) got.push(message);
        else context.stash(message);
      };
    });
    ref.tell("a");
    await clock.pass(10);
    expect(got).toEqual(["a"]);
  });

  test.each([NaN, -1, 1.5])("cannot hold %s messages", (stashCapacity) => {
    const { system } = testSystem();
    expect(() => system.spawn<string>(() => () => undefined, { stashCapacity })).toThrow(
      expect.objectContaining({ code: "bad-option" }),
    );
  });

  test("is bounded", async () => {
    const { system, clock, snapshot } = testSystem();
    let thrown: unknown;
    const ref = system.spawn<number>(
      (context) => (n) => {
        try {
          context.stash(n);
        } catch (error) {
          thrown = error;
        }
      },
      { name: "s", stashCapacity: 2 },
    );
    for (const n of [1, 2, 3]) ref.tell(n);
    await clock.settle();
    expect(snapshot("/s").stashed).toBe(2);
    expect(thrown).toMatchObject({ code: "stash-full" });
  });

  test("what is set aside when a life ends is there for the next", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    let life = 0;
    const ref = system.spawn<string>((context) => {
      life += 1;
      const mine = life;
      return (message) => {
        if (message === "crash" && mine === 1) throw new Error("no");
        if (mine === 1) context.stash(message);
        else got.push(message);
      };
    });
    for (const message of ["a", "b", "crash", "c"]) ref.tell(message);
    await clock.pass(1000);
    expect(got).toEqual(["a", "b", "c"]);
  });
});

describe("timers", () => {
  test("fire once or again and again, until they are cancelled", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    const ref = system.spawn<string>((context) => {
      context.timers.once("o", 25, "once");
      context.timers.every("e", 10, "every");
      return (message) => {
        got.push(`${message} ${context.nowMs()}`);
        if (message === "cancel") context.timers.cancel("e");
      };
    });
    await clock.pass(35);
    ref.tell("cancel");
    await clock.pass(100);
    expect(got).toEqual(["every 10", "every 20", "once 25", "every 30", "cancel 35"]);
    expect(clock.timers).toBe(0);
  });

  test("a timer's message that waits already is not delivered once the timer is cancelled or set anew", async () => {
    const { system, clock } = testSystem();
    const gate = new Gate();
    const got: string[] = [];
    const ref = system.spawn<string>((context) => {
      context.timers.once("a", 10, "old a");
      context.timers.once("b", 10, "old b");
      return async (message) => {
        got.push(message);
        if (message !== "wait") return;
        await gate.wait();
        context.timers.cancel("a");
        context.timers.once("b", 10, "new b");
      };
    });
    ref.tell("wait");
    await clock.pass(10);
    gate.open();
    await clock.pass(50);
    expect(got).toEqual(["wait", "new b"]);
  });

  test("ticks do not pile up before a slow actor", async () => {
    const { system, clock, snapshot } = testSystem();
    const gate = new Gate();
    let ticks = 0;
    system.spawn<string>(
      (context) => {
        context.timers.every("t", 1, "tick");
        return async () => {
          ticks += 1;
          await gate.wait();
        };
      },
      { name: "slow" },
    );
    await clock.pass(100);
    expect(ticks).toBe(1);
    expect(snapshot("/slow").mailboxDepth).toBe(1);
    gate.open();
  });

  test("beats that were missed while the process stood still are left out", async () => {
    const clock = new VirtualClock();
    let missedMs = 0;
    const { system } = testSystem({
      clock: {
        nowMs: () => clock.nowMs() + missedMs,
        after: (delayMs, run) => clock.after(delayMs, run),
        soon: (run) => clock.soon(run),
        later: (run) => clock.later(run),
      },
    });
    const ticks: number[] = [];
    system.spawn<"tick">((context) => {
      context.timers.every("t", 10, "tick");
      return () => void ticks.push(clock.nowMs());
    });
    await clock.pass(25);
    missedMs = 1_000;
    await clock.pass(30);
    // The one that was due meanwhile, and then those of the old beat.
    expect(ticks).toEqual([10, 20, 30, 40, 50]);
    const stopped = system.stop();
    await clock.pass(60_000);
    await stopped;
  });

  test("die with their actor, and with each of its lives", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    let life = 0;
    const ref = system.spawn<string>((context) => {
      life += 1;
      if (life === 1) context.timers.every("t", 10, "tick of the first life");
      return (message) => {
        if (message === "crash") throw new Error("no");
        got.push(message);
      };
    });
    await clock.pass(10);
    ref.tell("crash");
    await clock.pass(500);
    expect(got).toEqual(["tick of the first life"]);
    expect(life).toBe(2);
    await system.stopActor(ref);
    expect(clock.timers).toBe(0);
  });

  test("a time that is none is refused", async () => {
    const { system, clock, snapshot } = testSystem();
    system.spawn<string>(
      (context) => {
        context.timers.every("t", 0, "x");
        return () => undefined;
      },
      { name: "t", restart: "temporary" },
    );
    const ref = system.resolve("parley://here/t");
    const ended: unknown[] = [];
    system.watch(ref, (terminated) => ended.push(terminated.error));
    await clock.settle();
    expect(ended).toEqual([expect.objectContaining({ code: "actor-failed" })]);
    expect(() => snapshot("/t")).toThrow("there is no /t");
  });
});
