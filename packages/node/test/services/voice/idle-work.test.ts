import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { IdleWork } from "../../../src/services/voice/idle-work.ts";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

describe("work for idle times", () => {
  it("is done once, and only after nothing was busy for so long", async () => {
    let times = 0;
    const idle = new IdleWork(1000, async () => void (times += 1));
    idle.rest();
    await vi.advanceTimersByTimeAsync(900);
    const [first, second] = [idle.busy(), idle.busy()];
    first();
    first();
    await vi.advanceTimersByTimeAsync(5000);
    expect(times).toBe(0);
    second();
    await vi.advanceTimersByTimeAsync(900);
    expect(times).toBe(0);
    await vi.advanceTimersByTimeAsync(200);
    expect(times).toBe(1);
    idle.busy()();
    await vi.advanceTimersByTimeAsync(5000);
    expect(times).toBe(1);
  });

  it("is dropped at once when something begins, and done later; so is work that failed", async () => {
    const outcomes: string[] = [];
    const idle = new IdleWork(1000, (signal) => {
      outcomes.push("begun");
      if (outcomes.length > 2) return Promise.resolve();
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          outcomes.push("dropped");
          reject(new Error("aborted"));
        });
      });
    });
    idle.rest();
    await vi.advanceTimersByTimeAsync(1000);
    const done = idle.busy();
    expect(outcomes).toEqual(["begun", "dropped"]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(outcomes).toHaveLength(2);
    done();
    await vi.advanceTimersByTimeAsync(1000);
    expect(outcomes).toEqual(["begun", "dropped", "begun"]);
    await vi.advanceTimersByTimeAsync(5000);
    expect(outcomes).toHaveLength(3);
  });

  it("ends with its owner", async () => {
    let begun = 0;
    const idle = new IdleWork(1000, (signal) => {
      begun += 1;
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("aborted")));
      });
    });
    idle.rest();
    await vi.advanceTimersByTimeAsync(1000);
    await idle.close();
    idle.rest();
    await vi.advanceTimersByTimeAsync(5000);
    expect(begun).toBe(1);
  });
});
