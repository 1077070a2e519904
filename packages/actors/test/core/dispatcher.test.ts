import { expect, test } from "vitest";
import { createActorSystem } from "../../src/index.ts";
import { Dispatcher } from "../../src/core/dispatcher.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

/** Turns of a process that never gives way are found out here: nothing below goes on for ever. */
const ENDLESS = 2_000_000;

test("two actors that never stop talking leave input and output their turn", async () => {
  const system = createActorSystem({ peer: "here" });
  let said = 0;
  const ping = system.spawn<number>(() => (n) => {
    said += 1;
    if (said < ENDLESS) pong.tell(n + 1);
  });
  const pong = system.spawn<number>(() => (n) => {
    ping.tell(n + 1);
  });
  ping.tell(0);
  for (let turn = 0; turn < 5; turn += 1) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  expect(said).toBeGreaterThan(0);
  expect(said).toBeLessThan(ENDLESS);
  await system.stop();
});

test("who asks and answers in micro-tasks alone leaves timers their turn", async () => {
  const system = createActorSystem({ peer: "here" });
  const echo = system.spawn<{ readonly replyTo: { tell(n: number): unknown } }>(() => ({ replyTo }) => {
    replyTo.tell(1);
  });
  const timer = new AbortController();
  setTimeout(() => timer.abort(), 1);
  let asked = 0;
  while (!timer.signal.aborted && asked < ENDLESS) asked += await echo.ask<number>((replyTo) => ({ replyTo }));
  expect(asked).toBeGreaterThan(0);
  expect(timer.signal.aborted).toBe(true);
  await system.stop();
});

test("where no time passes, a turn still ends after a bounded number of messages", async () => {
  const clock = new VirtualClock();
  const dispatcher = new Dispatcher(clock);
  let runs = 0;
  const forever = {
    run: (limit: number) => {
      runs += 1;
      if (runs < ENDLESS) dispatcher.schedule(forever);
      return limit;
    },
  };
  dispatcher.schedule(forever);
  await Promise.resolve();
  const inFirstTurn = runs;
  expect(inFirstTurn).toBeGreaterThan(0);
  expect(inFirstTurn).toBeLessThan(ENDLESS);
  await Promise.resolve();
  expect(runs).toBe(inFirstTurn);
});

test("a turn ends when its slice of time is over", async () => {
  let nowMs = 0;
  const clock = new VirtualClock();
  const dispatcher = new Dispatcher({
    nowMs: () => nowMs,
    after: (delayMs, run) => clock.after(delayMs, run),
    soon: (run) => clock.soon(run),
    later: (run) => clock.later(run),
  });
  let runs = 0;
  const slow = {
    run: () => {
      runs += 1;
      nowMs += 1;
      if (runs < ENDLESS) dispatcher.schedule(slow);
      return 1;
    },
  };
  dispatcher.schedule(slow);
  await Promise.resolve();
  expect(runs).toBeLessThan(100);
});

test("actors take turns: one with a full mailbox does not keep another waiting until it is empty", async () => {
  const system = createActorSystem({ peer: "here" });
  const order: string[] = [];
  const busy = system.spawn<number>(() => () => void order.push("busy"));
  const other = system.spawn<number>(() => () => void order.push("other"));
  for (let i = 0; i < 900; i += 1) busy.tell(i);
  other.tell(0);
  while (order.length < 901) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
  expect(order.indexOf("other")).toBeLessThan(300);
  await system.stop();
});
