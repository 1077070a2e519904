import { describe, expect, it } from "vitest";
import { MAX_TIMERS, Timers, type Timer, type TimerClock } from "../../../src/assistant/tools/timers.ts";

/** Time that passes when it is told to. */
class Time implements TimerClock {
  #nowMs: number;
  readonly #due: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(nowMs: number) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const due = { atMs: this.#nowMs + ms, run };
    this.#due.push(due);
    return () => this.#due.splice(this.#due.indexOf(due), 1);
  }

  pass(ms: number): void {
    this.#nowMs += ms;
    for (const due of this.#due.filter(({ atMs }) => atMs <= this.#nowMs)) {
      this.#due.splice(this.#due.indexOf(due), 1);
      due.run();
    }
  }
}

describe("timers that are taken over", () => {
  it("end when they would have ended, at once where that is past, and are not set twice", () => {
    const [here, there] = [new Time(1_000), new Time(1_000)];
    const before = new Timers(here, () => undefined);
    before.set({ ms: 500, label: "tea", key: "a" });
    before.set({ ms: 5_000, label: "eggs", key: "b" });
    const { saved } = before;
    before.close();
    there.pass(700);
    const ended: Timer[] = [];
    const after = new Timers(there, (timer) => ended.push(timer));
    after.restore(saved);
    after.restore(saved);
    there.pass(0);
    expect(ended.map(({ label }) => label)).toEqual(["tea"]);
    // The same call again finds the one that runs, and a new one has a number of its own.
    expect(after.set({ ms: 5_000, label: "eggs", key: "b" })?.id).toBe("2");
    expect(after.set({ ms: 9_000, label: "rice", key: "c" })?.id).toBe("3");
    there.pass(4_299);
    expect(ended).toHaveLength(1);
    there.pass(1);
    expect(ended.map(({ label }) => label)).toEqual(["tea", "eggs"]);
  });

  it("are never more than a conversation may have", () => {
    const time = new Time(0);
    const timers = new Timers(time, () => undefined);
    const saved = Array.from({ length: MAX_TIMERS + 5 }, (_, n) => {
      return { id: String(n + 1), label: "", setAtMs: 0, endsAtMs: 1_000, privacy: undefined, key: String(n) };
    });
    timers.restore(saved);
    expect(timers.list).toHaveLength(MAX_TIMERS);
  });
});
