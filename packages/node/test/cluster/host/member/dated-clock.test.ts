import { afterEach, expect, it, vi } from "vitest";
import { datedClock } from "../../../../src/cluster/host/member/dated-clock.ts";

const BEGIN_MS = Date.UTC(2026, 0, 1, 12);
const HOUR_MS = 3_600_000;

afterEach(() => {
  vi.useRealTimers();
});

it("shows the same part of the hour on hosts that started at different times, and never goes back with the date", () => {
  vi.useFakeTimers({ now: BEGIN_MS });
  const earlier = datedClock();
  vi.advanceTimersByTime(12_345);
  const parts = (): readonly number[] => [earlier, datedClock()].map((clock) => Math.round(clock.nowMs() % HOUR_MS));
  expect(parts()).toStrictEqual([12_345, 12_345]);
  vi.advanceTimersByTime(5 * HOUR_MS);
  expect(parts()).toStrictEqual([12_345, 12_345]);

  const beforeMs = earlier.nowMs();
  vi.setSystemTime(BEGIN_MS - 7 * HOUR_MS - 1_000);
  vi.advanceTimersByTime(1);
  expect(earlier.nowMs() - beforeMs).toBeCloseTo(1);
});
