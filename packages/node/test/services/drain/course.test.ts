import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  beginDrain,
  dueMs,
  mayStop,
  nextOf,
  type DrainCourse,
  type DrainPhase,
  type DrainSeen,
} from "../../../src/services/drain/course.ts";

const BUSY: DrainSeen = { isPrime: true, jobs: 1, shards: "under-way", clients: 2, others: 1 };
const ORDER: readonly DrainPhase[] = ["leading", "finishing", "moving", "sending", "done"];

/** One look after the other. */
function course(seen: readonly (readonly [atMs: number, seen: DrainSeen])[]): readonly DrainPhase[] {
  let now: DrainCourse = beginDrain(1_000, 0);
  return seen.map(([atMs, each]) => (now = nextOf(now, each, atMs)).phase);
}

describe("the course of a drain", () => {
  it("gives leadership away, waits for what runs, moves, and sends clients away: each when what is before it is done", () => {
    const led = { ...BUSY, isPrime: false };
    const quiet = { ...led, jobs: 0 };
    const moved = { ...quiet, shards: "gone" } as const;
    const seen = [BUSY, led, quiet, quiet, moved, moved, { ...moved, clients: 0 }];
    expect(course(seen.map((each, i) => [i, each]))).toEqual([
      "leading",
      "finishing",
      "moving",
      "moving",
      "sending",
      "sending",
      "done",
    ]);
  });

  it("waits for nothing beyond its share of the time", () => {
    const at = [0, 249, 250, 499, 500, 849, 850, 999, 1_000];
    expect(course(at.map((atMs) => [atMs, BUSY]))).toEqual([
      "leading",
      "leading",
      "finishing",
      "finishing",
      "moving",
      "moving",
      "sending",
      "sending",
      "done",
    ]);
  });

  it("sends nobody away where nobody else is there", () => {
    const alone = { ...BUSY, others: 0 };
    expect(course([1, 2, 3].map((atMs) => [atMs, alone])).at(-1)).toBe("done");
  });

  it("goes one way only, and ends, whatever is seen", () => {
    const seen = fc.record({
      isPrime: fc.boolean(),
      jobs: fc.nat(3),
      shards: fc.constantFrom("under-way", "gone", "kept"),
      clients: fc.nat(3),
      others: fc.nat(2),
    });
    fc.assert(
      fc.property(
        fc.array(seen, { minLength: 8, maxLength: 30 }),
        fc.integer({ min: 1, max: 5_000 }),
        (looks, timeoutMs) => {
          let now = beginDrain(timeoutMs, 0);
          for (const [i, each] of [...looks, ...looks.slice(0, 4)].entries()) {
            const before = now;
            const isLate = i >= looks.length;
            now = nextOf(now, each, isLate ? timeoutMs : Math.floor((i * timeoutMs) / looks.length));
            expect(ORDER.indexOf(now.phase)).toBeGreaterThanOrEqual(ORDER.indexOf(before.phase));
            // What a part begins it has a look's time for.
            const [was, is] = [ORDER.indexOf(before.phase), ORDER.indexOf(now.phase)];
            if (was < 2) expect(is).toBeLessThanOrEqual(2);
            expect(dueMs(now)).toBeLessThanOrEqual(timeoutMs);
          }
          expect(now.phase).toBe("done");
        },
      ),
    );
  });

  it("ends with a peer that may be stopped only when nothing would be cut off", () => {
    const left = { clients: 0, sessions: 0, jobs: 0 };
    const free = { isPrime: false, isVoter: false };
    expect(mayStop("done", left, free)).toBe(true);
    expect(mayStop("sending", left, free)).toBe(false);
    expect(mayStop(undefined, left, free)).toBe(false);
    expect(mayStop("done", left, { ...free, isPrime: true })).toBe(false);
    expect(mayStop("done", left, { ...free, isVoter: true })).toBe(false);
    for (const one of ["clients", "sessions", "jobs"]) expect(mayStop("done", { ...left, [one]: 1 }, free)).toBe(false);
  });
});
