import { describe, expect, test } from "vitest";
import { ClockBridge } from "../../../src/format/index.ts";
import { amplitudeAt, joined, sine } from "../kit.ts";

interface Run {
  readonly rateHz: number;
  readonly seconds: number;
  /** How much faster the writer's clock runs. */
  readonly driftPpm: number;
  readonly writeMs: number;
  readonly readMs: number;
  readonly toneHz: number;
  /** The moment a block arrives is late by up to this. */
  readonly jitterMs?: number;
}

/** Two clocks on one simulated time line: a tone is written by one, read by the other. `each` sees every block read. */
function run(options: Run, each: (block: Float32Array, atMs: number, bridge: ClockBridge) => void): ClockBridge {
  const { rateHz, driftPpm, writeMs, readMs, toneHz, jitterMs = 0 } = options;
  const bridge = new ClockBridge({ sampleRateHz: rateHz, targetMs: 60 });
  const writeSamples = (rateHz * writeMs) / 1000;
  const readSamples = (rateHz * readMs) / 1000;
  const period = writeMs / (1 + driftPpm / 1e6);
  const random = noise(1);
  let written = 0;
  let lateMs = jitterMs * random();
  for (let read = 1; read * readMs <= options.seconds * 1000; read++) {
    const nowMs = read * readMs;
    for (; (written + 1) * period + lateMs <= nowMs; written++) {
      const start = written * writeSamples;
      const block = new Float32Array(writeSamples);
      for (let i = 0; i < writeSamples; i++) block[i] = 0.5 * Math.sin((2 * Math.PI * toneHz * (start + i)) / rateHz);
      bridge.push(block, (written + 1) * period + lateMs);
      lateMs = jitterMs * random();
    }
    each(bridge.pull(readSamples, nowMs), nowMs, bridge);
  }
  return bridge;
}

/** Numbers in [0, 1), the same in every run. */
function noise(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Largest second difference: what a click is, whatever the tone's slope. */
function roughness(samples: readonly number[]): number {
  let worst = 0;
  for (let i = 2; i < samples.length; i++) {
    worst = Math.max(worst, Math.abs((samples[i] ?? 0) - 2 * (samples[i - 1] ?? 0) + (samples[i - 2] ?? 0)));
  }
  return worst;
}

describe("between two clocks", () => {
  test.each([
    [8, 300],
    [8, -300],
    [1, 1500],
  ])("%i hours at %i ppm: the fill stays, nothing is lost, nothing clicks", (hours, driftPpm) => {
    // The code counts in samples: a low rate makes eight hours short without leaving out any of its steps.
    const rateHz = 400;
    const toneHz = 10;
    const smooth = 0.5 * (2 * Math.PI * (toneHz / rateHz)) ** 2;
    let worstFill = 0;
    let worst = 0;
    let tail = [0, 0];
    const settledMs = 120_000;
    const bridge = run(
      { rateHz, seconds: hours * 3600, driftPpm, writeMs: 20, readMs: 20, toneHz, jitterMs: 4 },
      (block, atMs, { report }) => {
        if (atMs > 1000) worst = Math.max(worst, roughness([...tail, ...block]));
        tail = [...block.subarray(-2)];
        if (atMs > settledMs) worstFill = Math.max(worstFill, Math.abs(report.fillMs - 50));
      },
    );
    // Delivered fill: the target of 60 ms less what the device has and not yet delivered, 0 to 20 ms and the jitter.
    expect(worstFill).toBeLessThan(20);
    expect(worst).toBeLessThan(1.1 * smooth);
    expect(bridge.report.underrunSamples).toBeLessThanOrEqual(rateHz);
    expect(bridge.report.overrunSamples).toBe(0);
    expect(Math.abs(bridge.report.driftPpm - driftPpm)).toBeLessThan(100);
  });

  test("the correction bends a tone by its drift and adds nothing to it", () => {
    const rateHz = 16_000;
    const blocks: Float32Array[] = [];
    run({ rateHz, seconds: 130, driftPpm: 300, writeMs: 32, readMs: 20, toneHz: 1000 }, (block, atMs) => {
      // The drift is known by then to some parts in a million.
      if (atMs > 120_000) blocks.push(block);
    });
    const second = joined(blocks).subarray(0, rateHz);
    // 300 ppm of 1000 Hz are 0.3 Hz: as the writer's clock is fast, the tone is written high.
    expect(amplitudeAt(second, 1000.3, rateHz)).toBeCloseTo(0.5, 2);
    let power = 0;
    for (const sample of second) power += sample * sample;
    const rest = power / second.length - amplitudeAt(second, 1000.3, rateHz) ** 2 / 2;
    expect(10 * Math.log10(Math.abs(rest) / (0.5 ** 2 / 2))).toBeLessThan(-30);
  });

  test.each([10, 20])("two clocks that run alike, in blocks of %i ms, are let alone: nothing moves", (blockMs) => {
    const bridge = new ClockBridge({ sampleRateHz: 16_000 });
    const drifts: number[] = [];
    for (let n = 0; n < 60_000 / blockMs; n++) {
      bridge.push(new Float32Array(16 * blockMs), n * blockMs);
      bridge.pull(16 * blockMs, n * blockMs);
      drifts.push(Math.abs(bridge.report.driftPpm));
    }
    expect(Math.max(...drifts)).toBeLessThan(1);
  });

  test("a writer that pauses leaves silence without a click on either side", () => {
    const rateHz = 16_000;
    const bridge = new ClockBridge({ sampleRateHz: rateHz });
    const tone = sine(200, rateHz, rateHz);
    const out: Float32Array[] = [];
    for (let n = 0; n < 100; n++) {
      const isPaused = n >= 40 && n < 60;
      if (!isPaused) bridge.push(tone.subarray(n * 160, (n + 1) * 160), n * 10);
      out.push(bridge.pull(160, n * 10));
    }
    const heard = joined(out);
    expect(heard.subarray(55 * 160, 60 * 160).every((sample) => Math.abs(sample) < 1e-3)).toBe(true);
    expect(bridge.report.underrunSamples).toBeGreaterThan(10 * 160);
    // A tone of 200 Hz steps by 0.039 at most; a cut one by up to 0.5.
    let step = 0;
    for (let i = 1; i < heard.length; i++) step = Math.max(step, Math.abs((heard[i] ?? 0) - (heard[i - 1] ?? 0)));
    expect(step).toBeLessThan(0.08);
  });

  test("a reader that pauses loses the oldest sound, not the newest, and hears no click", () => {
    const rateHz = 16_000;
    const bridge = new ClockBridge({ sampleRateHz: rateHz, targetMs: 40, capacityMs: 80 });
    const tone = sine(200, rateHz, rateHz);
    for (let n = 0; n < 8; n++) bridge.push(tone.subarray(n * 160, (n + 1) * 160), n * 10);
    const before = bridge.pull(320, 80);
    for (let n = 8; n < 33; n++) bridge.push(tone.subarray(n * 160, (n + 1) * 160), n * 10);
    expect(bridge.report.fillMs).toBeLessThanOrEqual(81);
    expect(bridge.report.overrunSamples).toBeGreaterThan(0);
    const heard = joined([before.subarray(200), bridge.pull(320, 330)]);
    let step = 0;
    for (let i = 1; i < heard.length; i++) step = Math.max(step, Math.abs((heard[i] ?? 0) - (heard[i - 1] ?? 0)));
    expect(step).toBeLessThan(0.08);
  });
});
