import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { atWholeBeats } from "../../../src/mesh/host/whole-beats.ts";

const BEGIN_MS = Date.UTC(2026, 0, 1) + 77;
const BEAT_MS = 200;

/** At what part of a beat, by the date, each run was. */
function running(everyMs: number): { readonly runsMs: number[]; readonly stop: () => void } {
  const runsMs: number[] = [];
  const stop = atWholeBeats(everyMs, () => void runsMs.push(Date.now()));
  return { runsMs, stop };
}

describe("a timer kept to whole beats", () => {
  beforeEach(() => void vi.useFakeTimers({ now: BEGIN_MS }));
  afterEach(() => void vi.useRealTimers());

  it("runs at whole beats of the date, as often as was asked for", () => {
    const timers = [1_000, 2_000].map((everyMs) => {
      vi.advanceTimersByTime(333);
      return { everyMs, ...running(everyMs) };
    });
    vi.advanceTimersByTime(60_000);
    for (const { everyMs, runsMs, stop } of timers) {
      stop();
      expect(Math.abs(runsMs.length - 60_000 / everyMs)).toBeLessThanOrEqual(1);
      // Fake time passes in whole milliseconds, and timers are never early.
      expect(runsMs.filter((each) => each % BEAT_MS > 1)).toStrictEqual([]);
    }
    expect(vi.getTimerCount()).toBe(0);
  });

  it("runs once for all the time in which nothing could run", () => {
    const now = performance.now.bind(performance);
    let missedMs = 0;
    vi.spyOn(performance, "now").mockImplementation(() => now() + missedMs);
    onTestFinished(() => void vi.restoreAllMocks());
    const { runsMs, stop } = running(1_000);
    vi.advanceTimersByTime(3_000);
    const before = runsMs.length;
    missedMs = 60_000;
    vi.advanceTimersByTime(5_000);
    stop();
    expect(runsMs.length - before).toBe(5);
  });

  it("keeps its own time where that is short", () => {
    const { runsMs, stop } = running(50);
    vi.advanceTimersByTime(1_000);
    stop();
    vi.advanceTimersByTime(1_000);
    expect(runsMs.length).toBe(20);
  });
});
