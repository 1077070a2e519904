import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { AudioError } from "../../src/errors.ts";
import { Playback } from "../../src/devices/index.ts";
import type { AudioSink, DeviceEvent, PlaybackOptions, SinkDevice } from "../../src/devices/index.ts";
import { joined, sine } from "../format/kit.ts";
import { SimulatedClock } from "./simulated-clock.ts";

const RATE = 16_000;
const LATENCY_MS = 50;

/** A loudspeaker that keeps what it is given; it can be made to fail. */
class RecordingDevice implements SinkDevice {
  readonly name = "recording";
  readonly sampleRateHz = RATE;
  readonly blocks: Float32Array[] = [];
  opened = 0;
  closed = 0;
  failsToOpen = 0;
  losesAfter = Number.POSITIVE_INFINITY;

  open(): Promise<AudioSink> {
    if (this.failsToOpen > 0) {
      this.failsToOpen -= 1;
      return Promise.reject(new AudioError("device-failed", "no such card", { nextStep: "Plug it in." }));
    }
    this.opened += 1;
    return Promise.resolve({
      latencyMs: LATENCY_MS,
      write: (samples) => {
        if (this.losesAfter-- <= 0) {
          this.losesAfter = Number.POSITIVE_INFINITY;
          return Promise.reject(new AudioError("device-lost", "unplugged", { nextStep: "Plug it in." }));
        }
        this.blocks.push(samples.slice());
        return Promise.resolve();
      },
      close: () => {
        this.closed += 1;
        return Promise.resolve();
      },
    });
  }

  get sound(): Float32Array {
    return joined(this.blocks);
  }
}

let clock = new SimulatedClock();
let device = new RecordingDevice();
let events: DeviceEvent[] = [];
let playback: Playback | undefined;

function start(options: PlaybackOptions = {}): Playback {
  playback = new Playback(device, { clock, onEvent: (event) => events.push(event), ...options });
  return playback;
}

beforeEach(() => {
  clock = new SimulatedClock();
  device = new RecordingDevice();
  events = [];
});
afterEach(async () => {
  await playback?.close();
});

const signal = (): AbortSignal => AbortSignal.timeout(20_000);

/** Of a frequency whose periods do not fall together with blocks: a cut between two blocks shows. */
function pcm(ms: number): { sampleRateHz: number; samples: Float32Array } {
  return { sampleRateHz: RATE, samples: sine(213, RATE, (RATE * ms) / 1000) };
}

/** Largest step between neighbours: 0.04 for the tone of these tests, up to 0.5 for a click. */
function step(samples: Float32Array): number {
  let worst = 0;
  for (let i = 1; i < samples.length; i++) worst = Math.max(worst, Math.abs((samples[i] ?? 0) - (samples[i - 1] ?? 0)));
  return worst;
}

test("a device that was open for long is let go in a quiet moment: two clocks must not drift apart for hours", async () => {
  const player = start({ lingerMs: 3_600_000 });
  const reply = async (): Promise<void> => {
    await player.play(pcm(500));
    const heard = player.finished(signal());
    await clock.pass(800);
    expect(await heard).toBeCloseTo(500, 6);
  };
  await reply();
  await clock.pass(3000);
  expect([device.opened, device.closed]).toEqual([1, 0]);
  clock.stall(300_000);
  await reply();
  expect([device.opened, device.closed]).toEqual([1, 0]);
  await clock.pass(3000);
  expect([device.opened, device.closed]).toEqual([1, 1]);
  await reply();
  expect(device.opened).toBe(2);
});

describe("a reply", () => {
  test("is played whole, once, in order, however it is cut, and its end is told when it was heard", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 6 }), async (lengths) => {
        clock = new SimulatedClock();
        device = new RecordingDevice();
        const player = start();
        const totalMs = lengths.reduce((sum, ms) => sum + ms, 0);
        const tone = sine(200, RATE, (RATE * totalMs) / 1000);
        let at = 0;
        for (const ms of lengths) {
          const samples = tone.subarray(at, (at += (RATE * ms) / 1000));
          expect(await player.play({ sampleRateHz: RATE, samples })).toBe(true);
        }
        const heard = player.finished(signal());
        await clock.pass(totalMs + 300);
        expect(await heard).toBeCloseTo(totalMs, 6);
        // Beyond the first milliseconds, which are faded in, every sample is there.
        const { sound } = device;
        expect(sound.subarray(96, tone.length).every((sample, i) => sample === tone[96 + i])).toBe(true);
        expect(sound.subarray(tone.length + 200).every((sample) => Math.abs(sample) < 1e-3)).toBe(true);
        expect(player.report).toEqual({ underruns: 0, underrunMs: 0, starvedMs: 0 });
        await player.close();
      }),
      { numRuns: 15 },
    );
  });

  test("is heard by the device's clock less its latency", async () => {
    const player = start();
    await player.play(pcm(1000));
    await clock.pass(300);
    expect(player.heardMs).toBeCloseTo(300 - LATENCY_MS, 6);
    expect(player.isPlaying).toBe(true);
    await clock.pass(1000);
    expect(player.heardMs).toBeCloseTo(1000, 6);
    expect(player.isPlaying).toBe(false);
  });

  test("is handed over little before it is due", async () => {
    const player = start();
    await player.play(pcm(5000));
    await clock.pass(1000);
    const handedMs = (device.sound.length / RATE) * 1000;
    expect(handedMs).toBeGreaterThanOrEqual(1000);
    expect(handedMs).toBeLessThanOrEqual(1050);
  });

  test("at another rate lasts as long", async () => {
    const player = start();
    await player.play({ sampleRateHz: 24_000, samples: sine(200, 24_000, 12_000) });
    const heard = player.finished(signal());
    await clock.pass(900);
    expect(await heard).toBeCloseTo(500, 6);
  });

  test("makes its writer wait while much is queued", async () => {
    const player = start({ maxQueuedMs: 500 });
    await player.play(pcm(600));
    let accepted = false;
    const second = player.play(pcm(100)).then(() => (accepted = true));
    await clock.pass(40);
    expect(accepted).toBe(false);
    await clock.pass(200);
    expect(accepted).toBe(true);
    await second;
  });

  test("whose sound comes late has a gap without clicks, which is counted and is not heard time", async () => {
    const player = start();
    await player.play(pcm(203));
    await clock.pass(500);
    await player.play(pcm(203));
    const heard = player.finished(signal());
    await clock.pass(500);
    expect(await heard).toBeCloseTo(406, 6);
    expect(player.report.starvedMs).toBeGreaterThan(200);
    expect(step(device.sound)).toBeLessThan(0.08);
  });
});

describe("stop", () => {
  test("fades within its time, without a click, and tells what was heard and what is still on its way", async () => {
    const player = start();
    await player.play(pcm(3000));
    await clock.pass(1000);
    const handed = device.sound.length;
    const { heardMs, tailMs } = player.stop(20);
    expect(heardMs).toBeCloseTo(1000 - LATENCY_MS, 6);
    // Handed over but not heard yet, and the fade.
    expect(tailMs).toBeCloseTo((handed / RATE) * 1000 - heardMs + 20, 6);
    await clock.pass(500);
    const { sound } = device;
    expect(step(sound)).toBeLessThan(0.08);
    expect(sound.subarray(handed + (RATE * 20) / 1000).every((sample) => sample === 0)).toBe(true);
    expect(player.isPlaying).toBe(false);
  });

  test("drops what waits, tells its writer, and the next reply begins at 0", async () => {
    const player = start({ maxQueuedMs: 500 });
    await player.play(pcm(600));
    const late = player.play(pcm(100));
    await clock.pass(50);
    player.stop();
    expect(await late).toBe(false);
    await clock.pass(200);
    await player.play(pcm(100));
    await clock.pass(20);
    expect(player.heardMs).toBeLessThan(20);
    const heard = player.finished(signal());
    await clock.pass(500);
    expect(await heard).toBeCloseTo(100, 6);
  });

  test("a reply right behind it is played whole after the fade", async () => {
    const player = start();
    await player.play(pcm(1000));
    await clock.pass(500);
    player.stop(20);
    await player.play(pcm(300));
    const heard = player.finished(signal());
    await clock.pass(900);
    expect(await heard).toBeCloseTo(300, 6);
    expect(step(device.sound)).toBeLessThan(0.08);
  });

  test("at any moment and with any fade leaves no click", async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 3, max: 100 }), async (atMs, fadeMs) => {
        clock = new SimulatedClock();
        device = new RecordingDevice();
        const player = start();
        await player.play(pcm(500));
        await clock.pass(atMs);
        const { heardMs, tailMs } = player.stop(fadeMs);
        expect(heardMs + tailMs).toBeLessThanOrEqual(500.001);
        await clock.pass(300);
        // The tone itself steps by 0.04; the shortest fade adds 0.5 / 48.
        expect(step(device.sound)).toBeLessThan(0.08);
        await player.close();
      }),
      { numRuns: 40 },
    );
  });
});

describe("ducking", () => {
  test("turns down and up again by the decibels asked for, in the time asked for, without a step", async () => {
    const player = start();
    await player.play(pcm(3000));
    await clock.pass(500);
    const at = device.sound.length;
    player.duck(-18, 50);
    await clock.pass(500);
    const back = device.sound.length;
    player.restore(100);
    await clock.pass(500);
    const { sound } = device;
    const peak = (from: number, to: number): number => Math.max(...sound.subarray(from, to));
    expect(peak(at - 1600, at)).toBeCloseTo(0.5, 3);
    expect(peak(at + 900, back)).toBeCloseTo(0.5 * 10 ** (-18 / 20), 3);
    expect(peak(back + 1700, sound.length)).toBeCloseTo(0.5, 3);
    expect(step(sound)).toBeLessThan(0.06);
  });

  test("ends with the reply that was stopped", async () => {
    const player = start();
    await player.play(pcm(1000));
    await clock.pass(200);
    player.duck(-20, 10);
    await clock.pass(200);
    player.stop();
    await clock.pass(200);
    await player.play(pcm(500));
    await clock.pass(300);
    expect(Math.max(...device.sound.subarray(-1600))).toBeCloseTo(0.5, 3);
  });
});

describe("the reference", () => {
  test("is what sounds, silence included, with the moment it is heard", async () => {
    const reference: { readonly samples: Float32Array; readonly heardAtMs: number }[] = [];
    const player = start({ onPlayed: (samples, heardAtMs) => reference.push({ samples, heardAtMs }) });
    const startMs = clock.nowMs();
    await player.play(pcm(300));
    await clock.pass(1000);
    player.duck(-6, 10);
    expect(joined(reference.map(({ samples }) => samples))).toEqual(device.sound);
    expect(reference.map(({ heardAtMs }) => heardAtMs - startMs)).toEqual(reference.map((_, n) => n * 10 + LATENCY_MS));
  });
});

describe("the device", () => {
  test("is opened with the first sound, fed silence between replies, and let go after a while", async () => {
    const player = start({ lingerMs: 1000 });
    await clock.pass(500);
    expect(device.opened).toBe(0);
    await player.play(pcm(100));
    await clock.pass(800);
    expect([device.opened, device.closed]).toEqual([1, 0]);
    expect(device.sound.length).toBeGreaterThanOrEqual(0.8 * RATE);
    await clock.pass(1000);
    expect(device.closed).toBe(1);
    await player.play(pcm(100));
    await clock.pass(100);
    expect(device.opened).toBe(2);
  });

  test("that runs dry because we came late is counted, and the position heard stays true", async () => {
    const player = start();
    await player.play(pcm(2000));
    await clock.pass(500);
    clock.stall(300);
    await clock.pass(100);
    expect(player.report.underruns).toBe(1);
    expect(player.report.underrunMs).toBeGreaterThan(240);
    const { underrunMs } = player.report;
    expect(player.heardMs).toBeCloseTo(900 - underrunMs - LATENCY_MS, 6);
  });

  test("that goes away comes back by itself, and the reply goes on", async () => {
    const player = start();
    device.losesAfter = 30;
    device.failsToOpen = 0;
    await player.play(pcm(1000));
    await clock.pass(260);
    device.failsToOpen = 1;
    await clock.pass(2500);
    expect(events.map(({ type }) => type)).toEqual(["lost", "back"]);
    expect(events[0]).toMatchObject({ error: { code: "device-lost" }, retryInMs: 250 });
    expect(player.heardMs).toBeCloseTo(1000, 6);
    // The block that met the failure is lost, no more.
    const heard = device.sound.filter((sample) => sample !== 0).length;
    expect(heard).toBeGreaterThan(0.97 * RATE);
  });

  test("that never opens is told to who plays next, and tried again with the sound after", async () => {
    const player = start();
    device.failsToOpen = 1;
    await player.play(pcm(100));
    await clock.pass(50);
    await expect(player.play(pcm(100))).rejects.toMatchObject({ code: "device-failed", message: "no such card" });
    await clock.pass(1000);
    await player.play(pcm(100));
    const heard = player.finished(signal());
    await clock.pass(500);
    expect(await heard).toBeCloseTo(100, 6);
  });

  test("that stays away ends the reply after some attempts instead of holding it for ever", async () => {
    const player = start();
    device.losesAfter = 10;
    await player.play(pcm(1000));
    await clock.pass(50);
    device.failsToOpen = 1000;
    const heard = player.finished(signal());
    await clock.pass(10_000);
    expect(await heard).toBeLessThan(200);
    await expect(player.play(pcm(100))).rejects.toMatchObject({ code: "device-failed" });
  });

  test("once closed plays no more", async () => {
    const player = start();
    await player.play(pcm(100));
    await clock.pass(20);
    const closing = player.close();
    await clock.pass(20);
    await closing;
    expect(device.closed).toBe(1);
    await expect(player.play(pcm(100))).rejects.toMatchObject({ code: "device-failed" });
  });
});
