import { describe, expect, test, vi } from "vitest";
import { baseOf } from "../../src/core/base-ref.ts";
import type { ActorRef, Terminated } from "../../src/index.ts";
import { expectCode, Gate, testSystem } from "./support.ts";

describe("death watch", () => {
  test("tells after everything that the actor sent", async () => {
    const { system, clock } = testSystem();
    const got: unknown[] = [];
    const watcher = system.spawn<unknown>((context) => {
      const child = context.spawn<number>(
        (inner) => (n) => {
          for (let i = 0; i < n; i += 1) watcher.tell(i);
          inner.stop();
        },
        { name: "child" },
      );
      context.watch(child, ({ reason }) => `ended: ${reason}`);
      child.tell(3);
      return (message) => void got.push(message);
    });
    await clock.settle();
    expect(got).toEqual([0, 1, 2, "ended: stopped"]);
  });

  test("a restart is no end; a crash for good is, with its error", async () => {
    const { system, clock } = testSystem();
    const ended: Terminated[] = [];
    const spawn = (restart: "transient" | "temporary") => {
      const ref = system.spawn<string>(
        () => () => {
          throw new Error("no");
        },
        { restart },
      );
      system.watch(ref, (terminated) => ended.push(terminated));
      return ref;
    };
    spawn("transient").tell("crash");
    const temporary = spawn("temporary");
    temporary.tell("crash");
    await clock.pass(1000);
    expect(ended).toEqual([
      { ref: temporary, reason: "failed", error: expect.objectContaining({ code: "actor-failed" }) },
    ]);
  });

  test("who has ended already, or never was, is told at once", async () => {
    const { system, clock } = testSystem();
    const gone = system.spawn<number>(() => () => undefined);
    await system.stopActor(gone);
    const reasons: string[] = [];
    system.watch(gone, ({ reason }) => reasons.push(reason));
    system.watch(system.resolve("parley://here/nobody"), ({ reason }) => reasons.push(reason));
    await clock.settle();
    expect(reasons).toEqual(["stopped", "no-such-actor"]);
  });

  test("a reference by path watches whoever lives there at the time, tells once, and keeps nobody who was told", async () => {
    const { system } = testSystem();
    const ref = baseOf(system.resolve<string>("parley://here/target"));
    const told: string[] = [];
    const watchers = ["first", "second", "third"].map((name) => ({ terminated: () => void told.push(name) }));
    for (const watcher of watchers) {
      const target = system.spawn<string>(() => () => undefined, { name: "target" });
      const stopWatching = vi.spyOn(baseOf(target), "unwatch");
      ref.watch(watcher);
      ref.watch(watcher);
      await system.stopActor(target);
      stopWatching.mockClear();
      ref.unwatch(watcher);
      expect(stopWatching).not.toHaveBeenCalled();
    }
    expect(told).toEqual(["first", "second", "third"]);
  });

  test("who stopped watching hears nothing, also when the message waits already", async () => {
    const { system, clock } = testSystem();
    const gate = new Gate();
    const got: string[] = [];
    const target = system.spawn<number>(() => () => undefined);
    const watcher = system.spawn<string>((context) => {
      const unwatch = context.watch(target, () => "ended");
      return async (message) => {
        got.push(message);
        await gate.wait();
        unwatch();
      };
    });
    watcher.tell("go");
    await clock.settle();
    await system.stopActor(target);
    gate.open();
    await clock.settle();
    expect(got).toEqual(["go"]);
  });

  test("watches on one actor stand by themselves: each tells, and whoever ends one keeps the others", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    const target = system.spawn<number>(() => () => undefined);
    system.spawn<string>((context) => {
      const unwatch = context.watch(target, () => "first");
      context.watch(target, () => "second");
      context.watch(target, () => "third");
      unwatch();
      unwatch();
      return (message) => void got.push(message);
    });
    await clock.settle();
    await system.stopActor(target);
    await clock.settle();
    expect(got).toEqual(["second", "third"]);
  });

  test("a watch of an earlier life is none of the next", async () => {
    const { system, clock } = testSystem();
    const got: string[] = [];
    const target = system.spawn<number>(() => () => undefined);
    let lives = 0;
    const watcher = system.spawn<string>((context) => {
      lives += 1;
      if (lives === 1) context.watch(target, () => "ended");
      return (message) => {
        got.push(message);
        if (message === "crash") throw new Error("no");
      };
    });
    watcher.tell("crash");
    await clock.pass(100);
    await system.stopActor(target);
    await clock.settle();
    expect([lives, got]).toEqual([2, ["crash"]]);
  });

  test("an incarnation that ended is not the one that bears its name now", async () => {
    const { system, clock } = testSystem();
    const behavior = () => () => undefined;
    const first = system.spawn<number>(behavior, { name: "a" });
    const byName = system.resolve<number>("parley://here/a");
    await system.stopActor(first);
    const second = system.spawn<number>(behavior, { name: "a" });
    await clock.settle();
    expect(first.equals(second)).toBe(false);
    expect(system.resolve<number>(first.address).tell(1)).toMatchObject({ code: "no-such-actor" });
    expect(system.resolve(second.address)).toBe(second);
    expect(byName.tell(1)).toBeUndefined();
  });
});

describe("stopping", () => {
  test("the message at hand is finished first, then the children stop, the youngest first, then the actor's own hook runs", async () => {
    const { system, clock } = testSystem();
    const log: string[] = [];
    const gate = new Gate();
    const leaf = (name: string) => () => ({
      receive: () => undefined,
      onStop: async () => {
        log.push(`${name} stops`);
        await Promise.resolve();
        log.push(`${name} stopped`);
      },
    });
    const parent = system.spawn<string>((context) => {
      context.spawn(leaf("a"), { name: "a" });
      context.spawn(leaf("b"), { name: "b" });
      context.signal.addEventListener("abort", () => log.push("signal"));
      return {
        receive: async () => {
          await gate.wait();
          log.push("handled");
        },
        onStop: (reason) => void log.push(`parent: ${reason}`),
      };
    });
    parent.tell("go");
    await clock.settle();
    const stopped = system.stopActor(parent);
    await clock.settle();
    expect(log).toEqual(["signal"]);
    gate.open();
    await stopped;
    expect(log).toEqual(["signal", "handled", "b stops", "b stopped", "a stops", "a stopped", "parent: stop"]);
  });

  test("who does not stop in time is left behind, with its children, and what waited is refused", async () => {
    const { system, clock, refusals, warnings } = testSystem();
    const late = new Gate();
    let lateError: unknown;
    const parent = system.spawn<string>(
      (context) => {
        context.spawn(() => ({ receive: () => undefined, onStop: () => new Promise<void>(() => undefined) }), {
          name: "child",
          stopTimeoutMs: 1_000_000,
        });
        return async (message) => {
          if (message !== "hang") return;
          await late.wait();
          try {
            context.spawn(() => () => undefined);
          } catch (error) {
            lateError = error;
          }
        };
      },
      { name: "parent", stopTimeoutMs: 100 },
    );
    const asked = expectCode(
      parent.ask(() => "hang"),
      "stop-timeout",
    );
    parent.tell("waits");
    await clock.settle();
    const stopped = system.stopActor(parent);
    await Promise.all([clock.pass(100), stopped, asked]);
    expect(system.inspect()).toEqual([]);
    expect(refusals.map(({ message, error }) => [message, error.code])).toEqual([["waits", "actor-stopped"]]);
    expect(warnings).toContain("an actor did not stop in time and was left behind");
    late.open();
    await clock.settle();
    expect(lateError).toMatchObject({ code: "actor-stopped" });
  });

  test("a hook that fails does not keep the actor from stopping", async () => {
    const { system, clock, warnings } = testSystem();
    const ref = system.spawn<number>(() => ({
      receive: () => undefined,
      onStop: async () => {
        await Promise.resolve();
        throw new Error("no");
      },
    }));
    await clock.settle();
    await system.stopActor(ref);
    expect(system.inspect()).toEqual([]);
    expect(warnings).toContain("an actor crashed");
  });

  test("a system stops its actors, gives the streams and waits back, and takes no more", async () => {
    const { system, clock } = testSystem();
    const ref = system.spawn<string>((context) => {
      context.timers.every("t", 10, "tick");
      return () => undefined;
    });
    const asked = expectCode(
      ref.ask(() => "never"),
      "system-stopped",
    );
    await clock.settle();
    await Promise.all([system.stop(), system.stop(), asked]);
    expect(await system.stopped).toBeUndefined();
    expect(clock.timers).toBe(0);
    expect(() => system.spawn<string>(() => () => undefined)).toThrow(
      expect.objectContaining({ code: "system-stopped" }),
    );
    await expect(ref.ask(() => "again")).rejects.toMatchObject({ code: "system-stopped" });
    await expect(ref.offer("again")).rejects.toMatchObject({ code: "system-stopped" });
    expect(clock.timers).toBe(0);
  });

  test("a system with an actor that never stops still stops", async () => {
    const { system, clock } = testSystem();
    system.spawn<string>(() => ({ receive: () => undefined, onStop: () => new Promise<void>(() => undefined) }), {
      stopTimeoutMs: 1e9,
    });
    await clock.settle();
    const stopped = system.stop({ timeoutMs: 50 });
    await clock.pass(50);
    await stopped;
    expect(clock.timers).toBe(0);
  });

  test("only its parent stops a child; names are unique among the living", async () => {
    const { system } = testSystem();
    const caught: unknown[] = [];
    const other = system.spawn<string>(() => () => undefined, { name: "taken" });
    const tries: readonly ((stop: (ref: ActorRef<never>) => Promise<void>) => unknown)[] = [(stop) => stop(other)];
    await system
      .spawn<{ readonly replyTo: ActorRef<null> }>((context) => async ({ replyTo }) => {
        for (const each of tries) {
          try {
            await each((ref) => context.stopChild(ref));
          } catch (error) {
            caught.push(error);
          }
        }
        replyTo.tell(null);
      })
      .ask((replyTo) => ({ replyTo }));
    expect(caught).toEqual([expect.objectContaining({ code: "no-such-actor" })]);
    expect(() => system.spawn<string>(() => () => undefined, { name: "taken" })).toThrow(
      expect.objectContaining({ code: "name-taken" }),
    );
    for (const name of ["", "$x", "a\u0000b", "x".repeat(300)]) {
      expect(() => system.spawn<string>(() => () => undefined, { name })).toThrow(
        expect.objectContaining({ code: "bad-option" }),
      );
    }
  });
});
