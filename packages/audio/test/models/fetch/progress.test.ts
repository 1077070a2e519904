import { describe, expect, test } from "vitest";
import { createProgressMeter, formatProgress } from "../../../src/models/fetch/progress.ts";
import type { FetchProgress } from "../../../src/models/index.ts";

function meterAt() {
  let nowMs = 0;
  const reports: FetchProgress[] = [];
  const meter = createProgressMeter(
    "tiny",
    (progress) => reports.push(progress),
    () => nowMs,
  );
  const after = (ms: number): typeof meter => {
    nowMs += ms;
    return meter;
  };
  return { reports, meter, after, last: () => reports.at(-1) };
}

describe("the progress meter", () => {
  test("knows rate and time left after some time, not before", () => {
    const { meter, after, last } = meterAt();
    meter.start(10_000, 0);
    expect(last()).toMatchObject({ phase: "downloading", bytesPerSecond: 0, secondsLeft: null });
    after(1_000).at(2_000);
    expect(last()).toMatchObject({ bytesDone: 2_000, bytesPerSecond: 2_000, secondsLeft: 4 });
  });

  test("takes the rate of the last seconds, not of the whole", () => {
    const { meter, after, last } = meterAt();
    meter.start(1_000_000, 0);
    for (let second = 1; second <= 10; second += 1) after(1_000).at(second * 1_000);
    for (let second = 1; second <= 10; second += 1) after(1_000).at(10_000 + second * 9_000);
    expect(last()?.bytesPerSecond).toBe(9_000);
  });

  test("does not count what was there before as speed", () => {
    const { meter, after, last } = meterAt();
    meter.start(10_000, 9_000);
    after(1_000).at(9_500);
    expect(last()?.bytesPerSecond).toBe(500);
  });

  test("never reports a negative rate when a download starts over", () => {
    const { meter, after, reports } = meterAt();
    meter.start(10_000, 0);
    after(1_000).at(5_000);
    after(1_000).at(10);
    after(1_000).at(1_010);
    expect(Math.min(...reports.map(({ bytesPerSecond }) => bytesPerSecond))).toBe(0);
    expect(reports.at(-1)?.bytesPerSecond).toBe(1_000);
  });

  test("reports at most ten times a second, and every phase", () => {
    const { meter, after, reports } = meterAt();
    meter.start(1_000, 0);
    for (let ms = 0; ms < 1_000; ms += 1) after(1).at(ms);
    meter.phase("preparing");
    meter.phase("done");
    expect(reports.length).toBeLessThanOrEqual(13);
    expect(reports.slice(-2).map(({ phase }) => phase)).toEqual(["preparing", "done"]);
    expect(reports.at(-1)?.bytesDone).toBe(1_000);
  });
});

describe("a line of progress", () => {
  const progress: FetchProgress = {
    model: "moonshine-tiny-en-q8",
    phase: "downloading",
    bytesDone: 12_300_000,
    bytesTotal: 28_700_000,
    bytesPerSecond: 4_100_000,
    secondsLeft: 3.2,
  };
  test.each([
    [progress, "moonshine-tiny-en-q8  12.3/28.7 MB  4.1 MB/s  4 s left"],
    [{ ...progress, secondsLeft: 90 }, "moonshine-tiny-en-q8  12.3/28.7 MB  4.1 MB/s  2 min left"],
    [{ ...progress, secondsLeft: 7_500 }, "moonshine-tiny-en-q8  12.3/28.7 MB  4.1 MB/s  2 h 5 min left"],
    [{ ...progress, bytesPerSecond: 0, secondsLeft: null }, "moonshine-tiny-en-q8  12.3/28.7 MB"],
    [{ ...progress, phase: "verifying" as const }, "moonshine-tiny-en-q8  12.3/28.7 MB  verifying"],
    [{ ...progress, phase: "waiting" as const, bytesTotal: 0 }, "moonshine-tiny-en-q8  waiting for another process"],
  ])("is short and tells what is known", (given, line) => {
    expect(formatProgress(given)).toBe(line);
  });
});
