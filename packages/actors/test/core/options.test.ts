import { describe, expect, test } from "vitest";
import { createActorSystem } from "../../src/index.ts";
import { expectCode, testSystem } from "./support.ts";

/** What only plain JavaScript can say. */
function anything(value: unknown): never {
  return value as never;
}

const BAD_OPTION = expect.objectContaining({ name: "ActorError", code: "bad-option" });
const NO_TIMES = [NaN, Infinity, -Infinity, anything("5"), anything(null), anything(5n)];
const BACK_OFF = { minMs: 1, maxMs: 2, factor: 2, jitter: 0 };
const SILLY = { toString: () => expect.fail("nobody asked") };

const NO_SUPERVISION: readonly unknown[] = [
  { strategy: "one-for-none" },
  { strategy: undefined },
  { maxRestarts: -1 },
  { maxRestarts: 1.5 },
  { maxRestarts: NaN },
  { maxRestarts: "5" },
  { withinMs: 0 },
  { withinMs: NaN },
  { backOff: undefined },
  { backOff: null },
  { backOff: {} },
  { backOff: { ...BACK_OFF, minMs: -1 } },
  { backOff: { ...BACK_OFF, minMs: Infinity, maxMs: Infinity } },
  { backOff: { ...BACK_OFF, maxMs: 0.5 } },
  { backOff: { ...BACK_OFF, maxMs: Infinity } },
  { backOff: { ...BACK_OFF, factor: 0.5 } },
  { backOff: { ...BACK_OFF, factor: Infinity } },
  { backOff: { ...BACK_OFF, jitter: 1.1 } },
  { backOff: { ...BACK_OFF, jitter: -0.1 } },
];

const NO_SPAWN: readonly unknown[] = [
  ...["", "$x", "a\u0000b", "x".repeat(257), "\ud800", 7, null, SILLY].map((name) => ({ name })),
  ...["always", "", "Permanent", null, 1, SILLY].map((restart) => ({ restart })),
  ...["drop", "toString", undefined, null].map((overflow) => ({ mailbox: { overflow } })),
  ...[0, -1, 1.5, NaN, Infinity, "9", undefined].flatMap((bound) => [
    { mailbox: { capacity: bound } },
    { mailbox: { maxWaiting: bound } },
  ]),
  { mailbox: { priority: { when: () => true, capacity: 0 } } },
  { mailbox: { priority: {} } },
  { mailbox: { priority: { when: "urgent" } } },
  ...[-1, 1.5, NaN, Infinity, "9"].map((stashCapacity) => ({ stashCapacity })),
  ...[...NO_TIMES.filter((time) => time !== null), -1].map((stopTimeoutMs) => ({ stopTimeoutMs })),
  ...["no", {}, 1, null, 0].map((accepts) => ({ accepts })),
  ...NO_SUPERVISION.map((supervision) => ({ supervision })),
];

describe("spawn", () => {
  test.each(NO_SPAWN.map((options) => [options]))("refuses %o, and starts nobody", (options) => {
    const { system } = testSystem();
    expect(() => system.spawn(() => () => undefined, anything(options))).toThrow(BAD_OPTION);
    expect(system.inspect()).toEqual([]);
  });

  test("refuses what is no behaviour, instead of crashing with it again and again", () => {
    const { system } = testSystem();
    for (const behavior of [undefined, null, {}, "x"]) {
      expect(() => system.spawn(anything(behavior))).toThrow(BAD_OPTION);
    }
  });

  test("takes all that there is", () => {
    const { system, snapshot } = testSystem();
    for (const strategy of ["one-for-one", "one-for-all", "rest-for-one"] as const) {
      for (const restart of ["permanent", "transient", "temporary"] as const) {
        for (const overflow of ["refuse", "drop-oldest", "back-pressure"] as const) {
          const name = `${strategy}.${restart}.${overflow}`;
          const supervision = { strategy, maxRestarts: Infinity, withinMs: Infinity };
          system.spawn(() => () => undefined, { name, restart, supervision, mailbox: { overflow }, stopTimeoutMs: 0 });
          expect(snapshot(`/${name}`).restart).toBe(restart);
        }
      }
    }
  });
});

describe("a system", () => {
  const bad: readonly unknown[] = [
    ...[undefined, null, 7, "", "a b", "a/b", "x".repeat(129)].map((peer) => ({ peer })),
    ...NO_SUPERVISION.map((supervision) => ({ peer: "a", supervision })),
    ...[...NO_TIMES.filter((time) => time !== null), -1].flatMap((time) => [
      { peer: "a", askTimeoutMs: time },
      { peer: "a", stopTimeoutMs: time },
      { peer: "a", streamIdleTimeoutMs: time },
    ]),
  ];
  test.each(bad.map((options) => [options]))("does not begin with %o", (options) => {
    expect(() => createActorSystem(anything(options))).toThrow(BAD_OPTION);
  });

  test("is not stopped within a time that is none, and can be afterwards", async () => {
    const { system } = testSystem();
    for (const timeoutMs of [...NO_TIMES, -1]) await expectCode(system.stop({ timeoutMs }), "bad-option");
    expect(() => system.spawn(() => () => undefined)).not.toThrow();
    await system.stop();
  });
});

describe("every wait ends", () => {
  const times = NO_TIMES.filter((time) => time !== null).map((time) => [time]);

  test.each(times)("no question, offer or stream takes %s ms", async (timeoutMs) => {
    const { system, clock } = testSystem();
    const heard: unknown[] = [];
    const here = system.spawn<unknown>(() => (message) => void heard.push(message), { name: "here" });
    const byPath = system.resolve<unknown>("parley://here/here");
    const elsewhere = system.resolve<unknown>("parley://there/x");
    for (const ref of [here, byPath, elsewhere]) {
      await expectCode(
        ref.ask(() => "question", { timeoutMs }),
        "bad-option",
      );
      await expectCode(ref.offer("offer", { timeoutMs }), "bad-option");
      await expectCode(ref.offer("offer", { timeoutMs, acknowledged: true }), "bad-option");
      const stream = ref.stream(() => "stream", { timeoutMs })[Symbol.asyncIterator]();
      await expectCode(stream.next(), "bad-option");
    }
    const source = system.offerStream([1]);
    expect(() => system.readStream(source, { idleTimeoutMs: timeoutMs })).toThrow(BAD_OPTION);
    const items = { [Symbol.iterator]: () => expect.fail("it is not even begun") };
    expect(() => system.offerStream(items, { idleTimeoutMs: timeoutMs })).toThrow(BAD_OPTION);
    await clock.settle();
    expect(heard).toEqual([]);
  });

  test("one whose time is over already ends at once", async () => {
    const { system, clock } = testSystem();
    const mute = system.spawn<unknown>(() => () => undefined);
    const asked = mute.ask(() => "a", { timeoutMs: -5 });
    await expectCode(clock.until(asked), "ask-timeout");
    expect(clock.nowMs()).toBe(0);
  });
});

test.each([NaN, Infinity, -1])("no timer takes %s ms", async (time) => {
  const { system, clock } = testSystem();
  const thrown: unknown[] = [];
  system.spawn<string>((context) => {
    for (const set of [
      () => context.timers.once("t", time, "x"),
      () => context.timers.every("t", time, "x"),
      () => context.timers.every("t", 0.5, "x"),
    ]) {
      try {
        set();
      } catch (error) {
        thrown.push(error);
      }
    }
    return () => undefined;
  });
  await clock.settle();
  expect(thrown).toEqual([BAD_OPTION, BAD_OPTION, BAD_OPTION]);
});
