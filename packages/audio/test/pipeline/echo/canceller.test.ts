import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { createEchoCanceller, ECHO_DELAY_SAMPLES, ECHO_FRAME_SAMPLES } from "../../../src/pipeline/echo/index.ts";
import { modelFolder, readClip } from "../../engines/models.ts";
import { babble, decibels, loud, noise, power, throughRoom } from "./acoustics.ts";

const RATE = 16_000;

interface Cancelled {
  /** In step with the microphone: the canceller's own delay is taken out. */
  readonly samples: Float32Array;
  /** One for each frame of 10 ms. */
  readonly likelihoods: readonly number[];
  /** That what is left is ours. */
  readonly residues: readonly number[];
}

async function cancel(reference: Float32Array, microphone: Float32Array): Promise<Cancelled> {
  using canceller = await createEchoCanceller();
  const samples = new Float32Array(microphone.length);
  const likelihoods: number[] = [];
  const residues: number[] = [];
  for (let at = 0; at + ECHO_FRAME_SAMPLES <= microphone.length; at += ECHO_FRAME_SAMPLES) {
    const end = at + ECHO_FRAME_SAMPLES;
    const clean = canceller.process(reference.subarray(at, end), microphone.subarray(at, end));
    samples.set(clean.samples, at);
    likelihoods.push(clean.echoLikelihood);
    residues.push(clean.residueLikelihood);
  }
  return { samples: samples.subarray(ECHO_DELAY_SAMPLES), likelihoods, residues };
}

function add(a: Float32Array, b: Float32Array, atS = 0): Float32Array {
  const sum = a.slice();
  const start = atS * RATE;
  for (let i = 0; i < b.length && start + i < sum.length; i++) sum[start + i] = (sum[start + i] ?? 0) + (b[i] ?? 0);
  return sum;
}

function span(samples: Float32Array, fromS: number, toS: number): Float32Array {
  return samples.subarray(fromS * RATE, toS * RATE);
}

/** Echo return loss enhancement: how much quieter the echo has become, in dB. */
function erle(microphone: Float32Array, cleaned: Float32Array, fromS: number, toS: number): number {
  return decibels(power(span(microphone, fromS, toS)) / power(span(cleaned, fromS, toS)));
}

/** Of the frames between two times in which `of` is heard, the share for which `likelihood` holds. */
function share(
  likelihoods: readonly number[],
  of: Float32Array,
  [fromS, toS]: readonly [number, number],
  holds: (likelihood: number) => boolean,
): number {
  let heard = 0;
  let held = 0;
  for (let frame = fromS * 100; frame < toS * 100 && frame < likelihoods.length; frame++) {
    if (power(of.subarray((frame - 2) * 160, (frame + 1) * 160)) < 1e-4) continue;
    heard += 1;
    if (holds(likelihoods[frame] ?? 0)) held += 1;
  }
  return held / heard;
}

/** `near` where it is at least as loud as `echo`, silence elsewhere. */
function louder(near: Float32Array, echo: Float32Array): Float32Array {
  const out = near.slice();
  for (let at = 0; at < out.length; at += 160) {
    const isQuieter = power(near.subarray(at, at + 160)) < power(echo.subarray(at, at + 160));
    if (isQuieter) out.fill(0, at, at + 160);
  }
  return out;
}

const rooms = [
  { delayMs: 20, gain: 0.5, reverberationMs: 200, seed: 11 },
  { delayMs: 100, gain: 0.3, reverberationMs: 300, seed: 12 },
  { delayMs: 250, gain: 0.8, reverberationMs: 250, seed: 13 },
];

describe("our own voice alone", () => {
  test.each(rooms)("through %j is taken out and known as ours", async (room) => {
    const reference = babble(10, room.seed);
    const microphone = throughRoom(reference, room);
    const { samples, likelihoods } = await cancel(reference, microphone);
    expect(erle(microphone, samples, 3, 9.9)).toBeGreaterThan(18);
    // From the first second on, while the filter is still learning, it is known not to be somebody else.
    expect(share(likelihoods, microphone, [1, 3], (likelihood) => likelihood > 0.6)).toBeGreaterThan(0.85);
    expect(share(likelihoods, microphone, [3, 9.9], (likelihood) => likelihood > 0.9)).toBeGreaterThan(0.95);
  });

  test("is followed when the delay changes: another loudspeaker, a buffer that filled", async () => {
    const reference = babble(16, 21);
    const before = throughRoom(reference, { ...rooms[1], delayMs: 60, gain: 0.5, reverberationMs: 250, seed: 5 });
    const after = throughRoom(reference, { ...rooms[1], delayMs: 140, gain: 0.5, reverberationMs: 250, seed: 5 });
    const microphone = add(before.subarray(0, 8 * RATE), new Float32Array(0));
    const joined = new Float32Array(16 * RATE);
    joined.set(microphone);
    joined.set(after.subarray(8 * RATE), 8 * RATE);
    const { samples } = await cancel(reference, joined);
    expect(erle(joined, samples, 12, 15.9)).toBeGreaterThan(15);
  });
});

describe("somebody else", () => {
  test("who speaks over us is what is left, at once, as often as they speak; before and behind it what is left is ours", async () => {
    const reference = babble(14, 32);
    const echo = throughRoom(reference, { delayMs: 80, gain: 0.6, reverberationMs: 250, seed: 6 });
    const near = loud(babble(4, 77, 210), Math.sqrt(power(span(echo, 6, 10))) * 1.2);
    const { samples, residues, likelihoods } = await cancel(reference, add(echo, near, 6));
    // Where more than their quietest is left of them.
    const left = samples.slice();
    const theirs = share(residues, left, [6, 10], (residue) => residue < 0.5);
    expect(theirs).toBeGreaterThan(0.85);
    expect(theirs).toBeGreaterThan(share(likelihoods, left, [6, 10], (likelihood) => likelihood < 0.5) + 0.1);
    expect(share(residues, echo, [3, 6], (residue) => residue > 0.9)).toBeGreaterThan(0.95);
    expect(share(residues, echo, [10.5, 13.9], (residue) => residue > 0.9)).toBeGreaterThan(0.9);
  });

  test("who speaks over us at equal loudness is kept, and is not taken for us", async () => {
    const reference = babble(12, 31);
    const echo = throughRoom(reference, { delayMs: 80, gain: 0.6, reverberationMs: 250, seed: 6 });
    const near = loud(babble(4, 77, 210), Math.sqrt(power(span(echo, 6, 10))) * 1.2);
    const microphone = add(echo, near, 6);
    const { samples, likelihoods } = await cancel(reference, microphone);
    const kept = decibels(power(span(samples, 6, 10)) / power(near));
    expect(kept).toBeGreaterThan(-6);
    expect(kept).toBeLessThan(3);
    // What is left is their voice, not noise: it fits sample by sample.
    let dot = 0;
    for (let i = 0; i < near.length; i++) dot += (near[i] ?? 0) * (samples[6 * RATE + i] ?? 0);
    const fit = dot / near.length / Math.sqrt(power(near) * power(span(samples, 6, 10)));
    expect(fit).toBeGreaterThan(0.7);
    const over = new Float32Array(12 * RATE);
    over.set(near, 6 * RATE);
    expect(share(likelihoods, louder(over, echo), [6, 10], (likelihood) => likelihood < 0.9)).toBeGreaterThan(0.75);
  });

  test("while we are silent passes as it is, with a likelihood of 0", async () => {
    const near = babble(4, 78);
    const { samples, likelihoods } = await cancel(new Float32Array(near.length), near);
    expect(decibels(power(span(samples, 1, 3.9)) / power(span(near, 1, 3.9)))).toBeGreaterThan(-1);
    expect(likelihoods.every((likelihood) => likelihood === 0)).toBe(true);
  });

  test("after we have spoken is heard at once", async () => {
    const reference = add(new Float32Array(10 * RATE), babble(5, 41));
    const echo = throughRoom(reference, { delayMs: 50, gain: 0.5, reverberationMs: 250, seed: 8 });
    const near = babble(3, 79, 200);
    const { samples, likelihoods } = await cancel(reference, add(echo, near, 6));
    expect(decibels(power(span(samples, 6, 8.9)) / power(span(near, 0, 2.9)))).toBeGreaterThan(-2);
    expect(share(likelihoods, add(new Float32Array(10 * RATE), near, 6), [6, 8.9], (l) => l < 0.5)).toBeGreaterThan(
      0.9,
    );
  });
});

test("loading it leaves the process's handling of errors alone", async () => {
  const count = (): number => process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection");
  const before = count();
  (await createEchoCanceller())[Symbol.dispose]();
  expect(count()).toBe(before);
});

test("frames of another length are refused, and disposing twice is nothing", async () => {
  const canceller = await createEchoCanceller();
  expect(() => canceller.process(new Float32Array(160), new Float32Array(161))).toThrow(RangeError);
  canceller[Symbol.dispose]();
  canceller[Symbol.dispose]();
});

test("an hour takes no more memory than a minute, and a small part of a processor", async () => {
  using canceller = await createEchoCanceller();
  const random = noise(3);
  const frame = Float32Array.from({ length: ECHO_FRAME_SAMPLES }, () => 0.1 * random());
  const run = (frames: number): void => {
    for (let n = 0; n < frames; n++) canceller.process(frame, frame);
  };
  run(1000);
  const before = process.memoryUsage().arrayBuffers;
  const cpu = process.cpuUsage();
  run(6000);
  const { user, system } = process.cpuUsage(cpu);
  const after = process.memoryUsage().arrayBuffers;
  console.log(`echo canceller: real-time factor ${((user + system) / 1e6 / 60).toFixed(4)} of processor time`);
  expect(after - before).toBeLessThan(16 * 1024 * 1024);
});

const speech = modelFolder("speech/wav");
describe.skipIf(speech === undefined)("with people's voices", () => {
  const clip = (name: string): Float32Array => loud(readClip(join(speech ?? "", name)), 0.1);
  const results: string[] = [];
  afterAll(() => console.log(results.join("\n")));

  test.each(rooms)("through %j", async (room) => {
    const reference = add(
      add(new Float32Array(20 * RATE), clip("jfk.wav").subarray(0, 10 * RATE)),
      clip("beckett.wav"),
      10,
    );
    const echo = throughRoom(reference, room);
    const near = loud(
      clip("libri-2412-153948-0000.wav").subarray(0, 4 * RATE),
      Math.sqrt(power(span(echo, 12, 16))) * 1.2,
    );
    const alone = await cancel(reference, echo);
    const both = await cancel(reference, add(echo, near, 12));
    const loss = erle(echo, alone.samples, 3, 19.9);
    const kept = decibels(power(span(both.samples, 12, 16)) / power(near));
    const ours = share(alone.likelihoods, echo, [3, 19.9], (likelihood) => likelihood > 0.9);
    const theirs = share(
      both.likelihoods,
      louder(add(new Float32Array(20 * RATE), near, 12), echo),
      [12, 16],
      (l) => l < 0.8,
    );
    results.push(
      `delay ${room.delayMs} ms: ERLE ${loss.toFixed(1)} dB, near speech ${kept.toFixed(1)} dB, ` +
        `echo frames above 0.9: ${(100 * ours).toFixed(1)} %, frames of double talk below 0.9: ${(100 * theirs).toFixed(1)} %`,
    );
    expect(loss).toBeGreaterThan(20);
    expect(kept).toBeGreaterThan(-6);
    expect(ours).toBeGreaterThan(0.95);
    // The longest and loudest way of the three leaves the least: there the suppressor takes short pieces of the voice, too.
    expect(theirs).toBeGreaterThan(0.65);
  });
});
