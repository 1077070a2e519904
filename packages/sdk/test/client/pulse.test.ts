/** In simulated time. */
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Pulse, type Pace } from "../../src/client/link/pulse.ts";

const IDLE: Pace = { everyMs: 2_000, silentMs: 5_000 };
const WORKING: Pace = { everyMs: 300, silentMs: 700 };
/** What a peer may take for an answer. */
const ANSWER_MS = 5;

class Watched {
  readonly startedMs = performance.now();
  readonly beatsMs: number[] = [];
  pace = IDLE;
  isThere = true;
  silentAtMs: number | undefined;
  readonly pulse: Pulse;

  constructor(pace = IDLE) {
    this.pace = pace;
    this.pulse = new Pulse({
      pace: () => this.pace,
      beat: () => {
        this.beatsMs.push(this.nowMs);
        setTimeout(() => {
          if (this.isThere) this.pulse.alive();
        }, ANSWER_MS);
      },
      onSilent: () => {
        this.silentAtMs = this.nowMs;
      },
    });
  }

  get nowMs(): number {
    return Math.round(performance.now() - this.startedMs);
  }
}

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
afterEach(() => void vi.useRealTimers());

describe("a peer that falls silent", () => {
  it.for([
    ["while nothing is asked of it", IDLE, 7_000],
    ["while it works", WORKING, 2_000],
  ] as const)("%s is noticed within a heartbeat and what may follow it, whenever it does", ([, pace, withinMs]) => {
    for (let atMs = 0; atMs <= 9_000; atMs += 130) {
      const watched = new Watched(pace);
      vi.advanceTimersByTime(atMs);
      watched.isThere = false;
      vi.advanceTimersByTime(15_000);
      const { silentAtMs = Infinity } = watched;
      expect(silentAtMs - atMs).toBeGreaterThanOrEqual(pace.silentMs - ANSWER_MS);
      expect(silentAtMs - atMs).toBeLessThanOrEqual(withinMs + ANSWER_MS);
    }
  });

  it("is of no interest once it was left, even to who is in a hurry", () => {
    for (let atMs = 0; atMs <= 4_000; atMs += 130) {
      const watched = new Watched();
      watched.isThere = false;
      vi.advanceTimersByTime(atMs);
      const beats = watched.beatsMs.length;
      watched.pulse.stop();
      watched.pace = WORKING;
      watched.pulse.hurry();
      vi.advanceTimersByTime(15_000);
      expect([watched.silentAtMs, watched.beatsMs.length]).toEqual([undefined, beats]);
    }
  });

  it("is noticed sooner once something is asked of it, but not for what it was asked before", () => {
    for (let atMs = 0; atMs <= 4_000; atMs += 130) {
      const watched = new Watched();
      watched.isThere = false;
      vi.advanceTimersByTime(atMs);
      watched.pace = WORKING;
      watched.pulse.hurry();
      vi.advanceTimersByTime(15_000);
      const { silentAtMs = Infinity } = watched;
      expect(silentAtMs - atMs).toBeGreaterThanOrEqual(700);
      expect(silentAtMs - atMs).toBeLessThanOrEqual(2_000);
    }
  });
});

describe("a peer that is there", () => {
  it("is asked every two seconds and no more often, for 500 of these clients cost it something", () => {
    const watched = new Watched();
    vi.advanceTimersByTime(60_000);
    expect(watched.silentAtMs).toBeUndefined();
    expect(watched.beatsMs.length).toBeGreaterThanOrEqual(29);
    expect(watched.beatsMs.length).toBeLessThanOrEqual(30);
    watched.pulse.stop();
  });

  it("is not asked while it says something by itself", () => {
    const watched = new Watched(WORKING);
    for (let ms = 0; ms < 10_000; ms += 100) {
      vi.advanceTimersByTime(100);
      watched.pulse.alive();
    }
    expect(watched.beatsMs).toEqual([]);
    watched.pulse.stop();
  });

  it("is not blamed for a standstill of this machine, behind which its answer waits", () => {
    let standstillMs = 0;
    const { now } = performance;
    vi.spyOn(performance, "now").mockImplementation(() => now.call(performance) + standstillMs);
    onTestFinished(() => void vi.restoreAllMocks());
    const watched = new Watched(WORKING);
    vi.advanceTimersByTime(501);
    watched.isThere = false;
    for (const forMs of [800, 1_400, 1_600, 60_000]) {
      // Time goes by and no timer comes; then they come before what came from the network.
      standstillMs += forMs;
      vi.advanceTimersToNextTimer();
    }
    expect(watched.silentAtMs).toBeUndefined();
    expect(watched.beatsMs.length).toBeGreaterThan(2);
    watched.pulse.stop();
  });
});
