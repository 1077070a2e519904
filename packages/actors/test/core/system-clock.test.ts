import { afterEach, expect, test, vi } from "vitest";
import { systemClock } from "../../src/index.ts";

const DAY_MS = 86_400_000;

afterEach(() => {
  vi.useRealTimers();
});

test("a timer of the machine's clock may be longer than the machine's own timers can be", () => {
  vi.useFakeTimers();
  const ran: string[] = [];
  const clock = systemClock();
  clock.after(60 * DAY_MS, () => ran.push("after sixty days"));
  const cancelled = clock.after(60 * DAY_MS, () => ran.push("never"));
  vi.advanceTimersByTime(59 * DAY_MS);
  expect(ran).toEqual([]);
  cancelled.cancel();
  vi.advanceTimersByTime(DAY_MS);
  expect(ran).toEqual(["after sixty days"]);
  expect(vi.getTimerCount()).toBe(0);
});
