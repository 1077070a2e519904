import { describe, expect, test } from "vitest";
import type { ActorRef, RestartPolicy, Strategy, SupervisionSpec } from "../../src/index.ts";
import { Gate, testSystem } from "./support.ts";

const NO_PAUSE = { minMs: 0, maxMs: 0, factor: 1, jitter: 0 };

/** A supervisor with children of the given names; each logs its starts and stops. */
function family(
  names: readonly string[],
  supervision: Partial<SupervisionSpec>,
  restart: Readonly<Record<string, RestartPolicy>> = {},
) {
  const test = testSystem();
  const log: string[] = [];
  const children = new Map<string, ActorRef<string>>();
  const ended: string[] = [];
  const parent = test.system.spawn<string>(
    (context) => {
      log.push("parent starts");
      for (const name of names) {
        const child = context.spawn<string>(
          (inner) => {
            log.push(`${name} starts`);
            return {
              receive: (message) => {
                if (message === "crash") throw new Error(`${name} crashed`);
                if (message === "stop") inner.stop();
                else log.push(`${name}: ${message}`);
              },
              onStop: (reason) => void log.push(`${name} ${reason}s`),
            };
          },
          { name, restart: restart[name] ?? "transient" },
        );
        children.set(name, child);
      }
      return () => undefined;
    },
    { name: "parent", supervision: { backOff: NO_PAUSE, ...supervision } },
  );
  test.system.watch(parent, ({ reason }) => ended.push(reason));
  return {
    ...test,
    log,
    ended,
    tell: async (name: string, message: string) => {
      children.get(name)?.tell(message);
      await test.clock.settle();
    },
    begin: async () => {
      await test.clock.settle();
      log.length = 0;
    },
  };
}

describe("strategies", () => {
  test.each<[Strategy, readonly string[]]>([
    ["one-for-one", ["b restarts", "b starts"]],
    ["rest-for-one", ["c restarts", "b restarts", "b starts", "c starts"]],
    ["one-for-all", ["c restarts", "b restarts", "a restarts", "a starts", "b starts", "c starts"]],
  ])("%s: when b of a, b, c crashes", async (strategy, expected) => {
    const it = family(["a", "b", "c"], { strategy });
    await it.begin();
    await it.tell("b", "crash");
    expect(it.log).toEqual(expected);
    expect(it.snapshot("/parent/b")).toMatchObject({
      state: "running",
      restarts: 1,
      lastError: new Error("b crashed"),
    });
  });

  test("rest-for-one: who waits for a restart already begins after an older one that crashes meanwhile", async () => {
    const backOff = { minMs: 100, maxMs: 100, factor: 1, jitter: 0 };
    const it = family(["a", "b", "c"], { strategy: "rest-for-one", backOff });
    await it.begin();
    await it.tell("b", "crash");
    await it.clock.pass(60);
    await it.tell("a", "crash");
    await it.clock.pass(99);
    expect(it.log).toEqual(["c restarts", "b restarts", "a restarts"]);
    await it.clock.pass(1);
    expect(it.log.slice(3)).toEqual(["a starts", "b starts", "c starts"]);
  });

  test("rest-for-one: who has not begun for the first time begins after an older one that crashed on its start", async () => {
    const { system, clock } = testSystem();
    const log: string[] = [];
    let crashes = 1;
    system.spawn(
      (context) => {
        context.spawn(() => {
          log.push("a starts");
          crashes -= 1;
          if (crashes === 0) throw new Error("drawn");
          return () => undefined;
        });
        context.spawn(() => {
          log.push("b starts");
          return () => undefined;
        });
        return () => undefined;
      },
      { supervision: { strategy: "rest-for-one", backOff: NO_PAUSE } },
    );
    await clock.settle();
    expect(log).toEqual(["a starts", "a starts", "b starts"]);
  });

  test("a temporary child ends with the restart of its siblings", async () => {
    const it = family(["a", "b", "c"], { strategy: "one-for-all" }, { c: "temporary" });
    await it.begin();
    await it.tell("a", "crash");
    expect(it.log).toEqual(["c stops", "b restarts", "a restarts", "a starts", "b starts"]);
    expect(it.snapshot("/parent").children.map(({ path }) => path)).toEqual(["/parent/a", "/parent/b"]);
  });

  test.each<[RestartPolicy, string, readonly string[]]>([
    ["permanent", "stop", ["a restarts", "a starts"]],
    ["permanent", "crash", ["a restarts", "a starts"]],
    ["transient", "stop", ["a stops"]],
    ["transient", "crash", ["a restarts", "a starts"]],
    ["temporary", "stop", ["a stops"]],
    ["temporary", "crash", ["a stops"]],
  ])("a %s child told to %s", async (policy, message, expected) => {
    const it = family(["a"], {}, { a: policy });
    await it.begin();
    await it.tell("a", message);
    expect(it.log).toEqual(expected);
  });
});

describe("restarts", () => {
  test("keep the reference, the mailbox and the place among the siblings; only the message at hand is lost", async () => {
    const it = family(["a", "b"], {});
    await it.begin();
    const a = it.system.resolve<string>("parley://here/parent/a");
    for (const message of ["1", "crash", "2"]) a.tell(message);
    await it.clock.settle();
    expect(it.log).toEqual(["a: 1", "a restarts", "a starts", "a: 2"]);
  });

  test("pause longer each time, and from the start again after a quiet while", async () => {
    const backOff = { minMs: 100, maxMs: 1000, factor: 2, jitter: 0 };
    const it = family(["a"], { backOff, maxRestarts: 100, withinMs: 5_000 });
    await it.begin();
    const pauses: number[] = [];
    const crash = async (): Promise<void> => {
      it.log.length = 0;
      await it.tell("a", "crash");
      const fromMs = it.clock.nowMs();
      while (!it.log.includes("a starts")) await it.clock.pass(10);
      pauses.push(it.clock.nowMs() - fromMs);
    };
    for (let i = 0; i < 5; i += 1) await crash();
    await it.clock.pass(5_000);
    await crash();
    expect(pauses).toEqual([100, 200, 400, 800, 1000, 100]);
  });

  test("more than the intensity allows are the supervisor's own failure, and its supervisor starts it anew", async () => {
    const it = family(["a", "b"], { maxRestarts: 2, withinMs: 1000 });
    await it.begin();
    for (let i = 0; i < 3; i += 1) await it.tell("a", "crash");
    expect(it.log.slice(-2)).toEqual(["b stops", "a stops"]);
    expect(it.snapshot("/parent")).toMatchObject({ lastError: expect.objectContaining({ code: "restart-limit" }) });
    await it.clock.pass(100);
    expect(it.log.slice(-3)).toEqual(["parent starts", "a starts", "b starts"]);
    expect(it.ended).toEqual([]);
  });

  test("spread over time they go on for ever", async () => {
    const it = family(["a"], { maxRestarts: 2, withinMs: 1000 });
    await it.begin();
    for (let i = 0; i < 20; i += 1) {
      await it.tell("a", "crash");
      await it.clock.pass(500);
    }
    expect(it.snapshot("/parent").restarts).toBe(0);
    expect(it.snapshot("/parent/a").restarts).toBe(20);
  });

  test("a system whose root gives up stops by itself and says why", async () => {
    const { system, clock } = testSystem({ supervision: { maxRestarts: 1, backOff: NO_PAUSE } });
    const log: string[] = [];
    system.spawn<string>(() => ({ receive: () => undefined, onStop: () => void log.push("other stops") }));
    const ref = system.spawn<string>(() => () => {
      throw new Error("no");
    });
    for (let i = 0; i < 2; i += 1) {
      ref.tell("crash");
      await clock.settle();
    }
    expect(await system.stopped).toMatchObject({ code: "restart-limit" });
    expect(log).toEqual(["other stops"]);
  });

  test("a set-up that fails each time uses up the restarts too", async () => {
    const { system, clock } = testSystem();
    let starts = 0;
    system.spawn<string>(async () => {
      starts += 1;
      await Promise.resolve();
      throw new Error("cannot start");
    });
    await clock.pass(10_000);
    expect(await system.stopped).toMatchObject({ code: "restart-limit" });
    expect(starts).toBe(6);
  });

  test("an error of a callback can be made the actor's own", async () => {
    const { system, clock, snapshot } = testSystem();
    system.spawn<string>(
      (context) => {
        if (context.nowMs() === 0) clock.after(5, () => context.fail(new Error("late")));
        return () => undefined;
      },
      { name: "a" },
    );
    await clock.pass(1000);
    expect(snapshot("/a")).toMatchObject({ restarts: 1, state: "running", lastError: new Error("late") });
  });

  test("a restart waits for what is at hand: two lives never run at once", async () => {
    const { system, clock } = testSystem();
    const gate = new Gate();
    let running = 0;
    let most = 0;
    let worker: ActorRef<string> | undefined;
    let sibling: ActorRef<string> | undefined;
    system.spawn<string>(
      (context) => {
        worker = context.spawn<string>(() => async (message) => {
          running += 1;
          most = Math.max(most, running);
          if (message === "slow") await gate.wait();
          running -= 1;
        });
        sibling = context.spawn<string>(() => () => {
          throw new Error("no");
        });
        return () => undefined;
      },
      { supervision: { strategy: "one-for-all", backOff: NO_PAUSE } },
    );
    await clock.settle();
    worker?.tell("slow");
    worker?.tell("next");
    sibling?.tell("crash");
    await clock.settle();
    expect(running).toBe(1);
    gate.open();
    await clock.settle();
    expect([running, most]).toEqual([0, 1]);
  });
});

describe("restarts that take their time", () => {
  /** `older` and `younger` under one-for-all; the hook of `younger` waits for the gate. */
  function pair(younger: RestartPolicy, supervision: Partial<SupervisionSpec>) {
    const test = testSystem();
    const gate = new Gate();
    const log: string[] = [];
    const refs: ActorRef<string>[] = [];
    const crash = (): void => {
      throw new Error("no");
    };
    test.system.spawn<string>(
      (context) => {
        refs.push(
          context.spawn<string>(
            () => {
              log.push("older starts");
              return crash;
            },
            { name: "older" },
          ),
          context.spawn<string>(
            () => {
              log.push("younger starts");
              return { receive: crash, onStop: () => gate.wait() };
            },
            { name: "younger", restart: younger },
          ),
        );
        return () => undefined;
      },
      { name: "p", supervision: { strategy: "one-for-all", backOff: NO_PAUSE, ...supervision } },
    );
    return { ...test, gate, log, refs };
  }

  test("who crashes while it waits for its turn in a restart counts no second one", async () => {
    const { clock, gate, log, refs, snapshot } = pair("transient", { maxRestarts: 1 });
    await clock.settle();
    refs[1]?.tell("crash");
    await clock.settle();
    refs[0]?.tell("crash");
    await clock.settle();
    expect(snapshot("/p/older").state).toBe("failed");
    gate.open();
    await clock.settle();
    expect(log).toEqual(["older starts", "younger starts", "older starts", "younger starts"]);
    expect(snapshot("/p").restarts).toBe(0);
  });

  test("the others wait until a temporary one has ended", async () => {
    const { clock, gate, log, refs, snapshot } = pair("temporary", {});
    await clock.settle();
    refs[0]?.tell("crash");
    await clock.settle();
    expect(snapshot("/p/younger").state).toBe("stopping");
    expect(snapshot("/p/older").state).toBe("failed");
    gate.open();
    await clock.settle();
    expect(log).toEqual(["older starts", "younger starts", "older starts"]);
  });

  test("a pause has one timer, and none once the supervisor stops", async () => {
    const backOff = { minMs: 1000, maxMs: 1000, factor: 1, jitter: 0 };
    const { system, clock, gate, refs } = pair("transient", { backOff });
    gate.open();
    await clock.settle();
    refs[0]?.tell("crash");
    await clock.settle();
    expect(clock.timers).toBe(1);
    await system.stop();
    expect(clock.timers).toBe(0);
  });

  test("what was left behind and fails at last is no crash of the life that came after it", async () => {
    const { system, clock, snapshot, warnings } = testSystem();
    const old = new Gate();
    const refs: ActorRef<string>[] = [];
    system.spawn<string>(
      (context) => {
        refs.push(
          context.spawn<string>(() => () => old.wait(), { name: "worker", stopTimeoutMs: 100 }),
          context.spawn<string>(() => () => {
            throw new Error("no");
          }),
        );
        return () => undefined;
      },
      { name: "p", supervision: { strategy: "one-for-all", backOff: NO_PAUSE } },
    );
    await clock.settle();
    for (const ref of refs) ref.tell("go");
    await clock.pass(100);
    expect(snapshot("/p/worker")).toMatchObject({ state: "running", restarts: 1 });
    old.break(new Error("at last"));
    await clock.pass(1000);
    expect(snapshot("/p/worker")).toMatchObject({ state: "running", restarts: 1 });
    expect(warnings).toContain("what an actor was left behind with has failed");
  });

  test("what was left behind and ends at last does not disturb the life that came after it", async () => {
    const { system, clock } = testSystem();
    const old = new Gate();
    const present = new Gate();
    const log: string[] = [];
    const refs: ActorRef<string>[] = [];
    system.spawn<string>(
      (context) => {
        const worker = context.spawn<string>(
          () => async (message) => {
            log.push(`${message} begins`);
            await (message === "old" ? old : present).wait();
            log.push(`${message} ends`);
          },
          { stopTimeoutMs: 100 },
        );
        const sibling = context.spawn<string>(() => () => {
          throw new Error("no");
        });
        refs.push(worker, sibling);
        return () => undefined;
      },
      { supervision: { strategy: "one-for-all", backOff: NO_PAUSE } },
    );
    await clock.settle();
    for (const message of ["old", "present", "next"]) refs[0]?.tell(message);
    refs[1]?.tell("crash");
    await clock.pass(100);
    old.open();
    await clock.settle();
    expect(log).toEqual(["old begins", "present begins", "old ends"]);
    present.open();
    await clock.settle();
    expect(log.slice(3)).toEqual(["present ends", "next begins", "next ends"]);
  });
});

describe("the tree", () => {
  test("shows state, restarts, mailbox depth and last error of everyone", async () => {
    const it = family(["a"], {});
    await it.begin();
    await it.tell("a", "crash");
    expect(it.system.inspect()).toEqual([
      {
        path: "/parent",
        state: "running",
        restart: "transient",
        restarts: 0,
        mailboxDepth: 0,
        mailboxCapacity: 1000,
        offersWaiting: 0,
        stashed: 0,
        lastError: undefined,
        children: [
          {
            path: "/parent/a",
            state: "running",
            restart: "transient",
            restarts: 1,
            mailboxDepth: 0,
            mailboxCapacity: 1000,
            offersWaiting: 0,
            stashed: 0,
            lastError: new Error("a crashed"),
            children: [],
          },
        ],
      },
    ]);
  });
});
