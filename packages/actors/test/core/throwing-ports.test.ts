import { describe, expect, onTestFinished, test } from "vitest";
import { createActorSystem, type ActorSystemOptions } from "../../src/index.ts";
import { Dispatcher } from "../../src/core/dispatcher.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { catching, expectCode, Gate, testSystem } from "./support.ts";

function broken(): never {
  throw new Error("a broken port");
}

function start(options: Partial<ActorSystemOptions>) {
  const clock = new VirtualClock();
  const { port, uncaught } = catching(clock);
  const system = createActorSystem({ peer: "here", clock: port, random: () => 0.5, ...options });
  onTestFinished(async () => {
    const stopped = system.stop();
    await clock.pass(60_000);
    await stopped;
  });
  return { system, clock, uncaught };
}

describe("a log that throws", () => {
  test("keeps nobody from going on, and what it throws comes to light", async () => {
    const { system, clock, uncaught } = start({ log: { debug: broken, warn: broken, error: broken } });
    const got: string[] = [];
    const crashing = system.spawn<string>((context) => (message) => {
      if (message === "crash") throw new Error("no");
      context.log.debug("a handler logs");
      got.push(message);
    });
    const hooked = system.spawn<string>(() => ({ receive: () => undefined, onStop: broken }));
    const slow = system.spawn<string>(() => () => new Gate().wait());
    for (const message of ["a", "crash", "b"]) crashing.tell(message);
    const failing = expectCode(crashing.offer("crash", { acknowledged: true }), "actor-failed");
    slow.tell("hang");
    await clock.pass(1_000);
    await failing;
    expect(got).toEqual(["a", "b"]);
    await system.stopActor(hooked);
    await clock.until(system.stopActor(slow));
    expect(uncaught.length).toBeGreaterThan(3);
    await clock.until(system.stop());
  });

  test("does not keep a system that gives up from stopping", async () => {
    const { system, clock } = start({ log: { debug: broken, warn: broken, error: broken } });
    system.spawn(broken);
    await clock.pass(60_000);
    expect(await system.stopped).toMatchObject({ code: "restart-limit" });
  });
});

describe("an onRefused that throws", () => {
  test("is logged, and neither the sender nor the end of an actor is hurt by it", async () => {
    const lines: string[] = [];
    const { system, clock } = start({
      onRefused: broken,
      log: { debug: () => undefined, warn: () => undefined, error: (message) => void lines.push(message) },
    });
    const gate = new Gate();
    const ref = system.spawn<string>(() => () => gate.wait(), { mailbox: { capacity: 1, overflow: "drop-oldest" } });
    ref.tell("a");
    await clock.settle();
    ref.tell("b");
    expect(ref.tell("c")).toBeUndefined();
    const ended: unknown[] = [];
    system.watch(ref, ({ reason }) => ended.push(reason));
    const stopped = system.stopActor(ref);
    gate.open();
    await clock.until(stopped);
    await clock.settle();
    expect(ended).toEqual(["stopped"]);
    expect(lines).toEqual(["onRefused has thrown", "onRefused has thrown"]);
  });
});

describe("an error that cannot be looked at", () => {
  const errors: readonly (readonly [string, () => unknown])[] = [
    ["without a prototype", () => Object.create(null)],
    ["that throws when it is asked for its text", () => ({ toString: broken })],
    ["whose message throws", () => Object.defineProperty(new Error("x"), "message", { get: broken })],
    ["that is a symbol", () => Symbol("x")],
    ["that is undefined", () => undefined],
  ];

  test.each(errors)("is a crash as any other: one %s", async (_, make) => {
    const { system, clock, snapshot } = testSystem();
    const got: string[] = [];
    const ref = system.spawn<string>(
      () => (message) => {
        if (message === "crash") throw make();
        got.push(message);
      },
      { name: "a" },
    );
    ref.tell("crash");
    ref.tell("b");
    await clock.pass(1_000);
    expect(got).toEqual(["b"]);
    expect(snapshot("/a")).toMatchObject({ state: "running", restarts: 1 });
  });

  test.each(errors)("breaks a stream as any other: one %s", async (_, make) => {
    const { system, clock } = testSystem();
    // oxlint-disable-next-line require-yield -- it fails before
    const failing = async function* (): AsyncGenerator<number> {
      throw make();
    };
    const reader = system.readStream(system.offerStream(failing()))[Symbol.asyncIterator]();
    await expectCode(clock.until(reader.next()), "stream-broken");
  });
});

test("what throws in its turn, against its word, keeps nobody else from theirs", async () => {
  const clock = new VirtualClock();
  const { port, uncaught } = catching(clock);
  const dispatcher = new Dispatcher(port);
  const ran: string[] = [];
  dispatcher.schedule({ run: broken });
  dispatcher.schedule({ run: () => ran.push("a") });
  await clock.settle();
  dispatcher.schedule({ run: () => ran.push("b") });
  await clock.settle();
  expect(ran).toEqual(["a", "b"]);
  expect(uncaught).toEqual([expect.objectContaining({ message: "a broken port" })]);
});
