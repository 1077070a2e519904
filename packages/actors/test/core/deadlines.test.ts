import fc from "fast-check";
import { expect, test } from "vitest";
import { type Deadline, type DeadlineList, Deadlines } from "../../src/core/deadlines.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

class Wait implements Deadline {
  list: DeadlineList | undefined = undefined;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  dueMs = 0;
  readonly expire: () => void;
  constructor(expire: () => void) {
    this.expire = expire;
  }
}

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant("add" as const), timeoutMs: fc.constantFrom(5, 10, 30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("remove" as const), which: fc.nat(30) }) },
  { weight: 2, arbitrary: fc.record({ type: fc.constant("pass" as const), ms: fc.nat(12) }) },
);

test("every wait ends at its time, unless it was removed before, and no timer is left behind", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40, size: "max" }), async (steps) => {
      const clock = new VirtualClock();
      const deadlines = new Deadlines(clock);
      const waits: Wait[] = [];
      const endedMs = new Map<number, number>();
      const expectedMs = new Map<number, number>();
      for (const each of steps) {
        if (each.type === "add") {
          const id = waits.length;
          const wait = new Wait(() => endedMs.set(id, clock.nowMs()));
          waits.push(wait);
          deadlines.add(wait, each.timeoutMs);
          expectedMs.set(id, clock.nowMs() + each.timeoutMs);
        } else if (each.type === "remove") {
          const wait = waits[each.which];
          if (wait === undefined) continue;
          deadlines.remove(wait);
          if (!endedMs.has(each.which)) expectedMs.delete(each.which);
        } else await clock.pass(each.ms);
      }
      await clock.pass(100);
      expect(endedMs).toEqual(expectedMs);
      expect(clock.timers).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test("many waits of one length share one timer", () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  for (let i = 0; i < 1000; i += 1) deadlines.add(new Wait(() => undefined), 5000);
  expect(clock.timers).toBe(1);
  deadlines.expireAll();
  expect(clock.timers).toBe(0);
});

test("waits of many lengths leave no more than a few timers behind once they have ended", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const ended: number[] = [];
  const waits = Array.from({ length: 1000 }, (_, i) => new Wait(() => void ended.push(i)));
  waits.forEach((wait, i) => deadlines.add(wait, 1000 + i));
  for (const wait of waits.slice(1)) deadlines.remove(wait);
  expect(clock.timers).toBeLessThanOrEqual(65);
  await clock.pass(3000);
  expect(ended).toEqual([0]);
  expect(clock.timers).toBe(0);
});

test.each([NaN, Infinity, -Infinity])("a wait of %s ms is refused", (timeoutMs) => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  expect(() => deadlines.add(new Wait(() => undefined), timeoutMs)).toThrow(
    expect.objectContaining({ code: "bad-option" }),
  );
  expect(clock.timers).toBe(0);
});

test("a wait that begins while the last of its length ends is found when all are to end", async () => {
  const clock = new VirtualClock();
  const deadlines = new Deadlines(clock);
  const waits = Array.from({ length: 100 }, () => new Wait(() => undefined));
  waits.forEach((wait, i) => deadlines.add(wait, 1000 + i));
  const ended: string[] = [];
  deadlines.add(new Wait(() => deadlines.add(new Wait(() => ended.push("second")), 10)), 10);
  await clock.pass(10);
  deadlines.expireAll();
  expect(ended).toEqual(["second"]);
  expect(clock.timers).toBe(0);
});
