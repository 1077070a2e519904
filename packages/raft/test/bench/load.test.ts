import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { Background, closedLoop, firstAcknowledged } from "../../bench/raft/load.ts";
import type { Target } from "../../bench/raft/target.ts";

/** Answers puts as `answer` says; counts them. */
class FakeTarget implements Target {
  puts = 0;
  underWay = 0;
  mostUnderWay = 0;
  readonly #answer: () => Promise<void>;

  constructor(answer: () => Promise<void>) {
    this.#answer = answer;
  }

  async put(): Promise<void> {
    this.puts += 1;
    this.underWay += 1;
    this.mostUnderWay = Math.max(this.mostUnderWay, this.underWay);
    try {
      await this.#answer();
    } finally {
      this.underWay -= 1;
    }
  }

  close(): void {
    throw new Error("the load does not close what it was given");
  }
}

const soon = (): FakeTarget => new FakeTarget(() => sleep(1));
const never = (): FakeTarget => new FakeTarget(() => Promise.reject(new Error("no leader")));

describe("closed-loop clients", () => {
  it("each have one put under way", async () => {
    const target = soon();
    const measured = await closedLoop(target, 7, { ms: 30_000, puts: 20 });
    expect(target.mostUnderWay).toBe(7);
    expect(measured.latenciesMs).toHaveLength(140);
    expect(measured.failed).toBe(0);
  });

  it("count what failed apart, and go on", async () => {
    const measured = await closedLoop(never(), 2, { ms: 30_000, puts: 3 });
    expect(measured).toMatchObject({ latenciesMs: [], failed: 6 });
  });

  it("stop when their time is over", async () => {
    expect((await closedLoop(soon(), 3, { ms: 30, puts: Infinity })).seconds).toBeGreaterThanOrEqual(0.03);
  });

  it("go to the next node when theirs fails, until they are stopped", async () => {
    const [dead, alive] = [never(), soon()];
    const background = new Background([dead, alive], 0, 4);
    while (alive.puts < 20) await sleep(1);
    await background.stop();
    expect(dead.puts).toBe(4);
    expect(alive.underWay).toBe(0);
  });
});

describe("the prober", () => {
  it("tells when the first put was acknowledged, at whichever node", async () => {
    const before = process.hrtime.bigint();
    const first = await firstAcknowledged([never(), soon()], 30_000);
    expect(first).toBeGreaterThan(before);
    expect(first).toBeLessThanOrEqual(process.hrtime.bigint());
  });

  it("does not wait for puts that hang", async () => {
    let asked = 0;
    const hangsAtFirst = new FakeTarget(async () => {
      asked += 1;
      if (asked < 5) await new Promise(() => undefined);
    });
    expect(await firstAcknowledged([hangsAtFirst], 30_000)).toBeDefined();
  });

  it("gives up in the end", async () => {
    expect(await firstAcknowledged([never()], 30)).toBeUndefined();
  });
});
