import { describe, expect, it } from "vitest";
import type { BenchRow } from "../../../../tools/bench/types.ts";
import { failoverRows, speedRows } from "../../bench/raft/rows.ts";
import type { Speed } from "../../bench/raft/speed.ts";

function speedOf(latencyMs: number, putsPerSecond: number, mb: number): Speed {
  const load = { clients: 64, failed: 0, nodesCpuMs: 100, generatorCpuMs: 50 };
  return {
    sequentialMs: [latencyMs, latencyMs, latencyMs],
    loads: [{ ...load, latenciesMs: Array.from({ length: putsPerSecond }, () => latencyMs), seconds: 1 }],
    idle: { leader: mb, most: mb },
    loaded: { leader: mb, most: mb + 100 },
    elections: 0,
  };
}

function named(rows: readonly BenchRow[], metric: string): BenchRow | undefined {
  return rows.find((row) => row.metric === metric);
}

describe("rows of the bench", () => {
  it("promise only what is fixed while there is no baseline", () => {
    const rows = speedRows(speedOf(1, 1000, 70), undefined);
    expect(named(rows, "sequential put, p50")).toMatchObject({
      value: 1,
      baseline: null,
      ratio: null,
      goal: null,
      met: null,
    });
    expect(named(rows, "memory idle, leader")).toMatchObject({ value: 70, goal: "<= 80", met: true });
    expect(named(rows, "memory loaded, largest node")).toMatchObject({ value: 170, goal: "<= 150", met: false });
  });

  it("promise to be below the baseline in every latency and twice it in throughput", () => {
    const rows = speedRows(speedOf(0.9, 1999, 70), speedOf(1, 1000, 30));
    expect(named(rows, "sequential put, p99")).toMatchObject({ baseline: 1, ratio: 0.9, met: true });
    expect(named(rows, "64 clients, put p99")).toMatchObject({ met: true });
    expect(named(rows, "64 clients, throughput")).toMatchObject({ baseline: 1000, ratio: 1.999, met: false });
    expect(named(speedRows(speedOf(1, 2000, 70), speedOf(1, 1000, 30)), "64 clients, throughput")?.met).toBe(true);
    expect(named(speedRows(speedOf(1, 2000, 70), speedOf(1, 1000, 30)), "64 clients, put p99")?.met).toBe(false);
  });

  it("hold a failover both to its fixed goal and to the baseline", () => {
    const [p50, max] = failoverRows("killed", "killed", [90, 95, 300], [85, 90, 1200]);
    expect(p50).toMatchObject({ metric: "killed, p50", value: 95, goal: "<= 100, < baseline", met: false });
    expect(max).toMatchObject({ metric: "killed, max", value: 300, baseline: 1200, ratio: 0.25, met: true });
    expect(failoverRows("cut", "cut", [350], undefined)[0]).toMatchObject({
      goal: "<= 400",
      baseline: null,
      met: true,
    });
  });
});
