/** A stream written by one clock and read by another. */
import { DriftControl } from "./drift.ts";
import { SampleRing } from "./ring.ts";
import { SteeredResampler } from "./steered-resampler.ts";

/** Options of {@link ClockBridge}. */
export interface ClockBridgeOptions {
  /** Of both sides, nominally. */
  readonly sampleRateHz: number;
  /** Sound held back on average: the delay, and what jitter of either side may use up. 40 ms when absent. */
  readonly targetMs?: number | undefined;
  /** What can be held; beyond it the oldest is let go. Four times the target when absent. */
  readonly capacityMs?: number | undefined;
}

/** What a bridge went through. */
export interface BridgeReport {
  /** Held now. */
  readonly fillMs: number;
  /** Believed drift of the clocks: positive when the writer's runs faster. */
  readonly driftPpm: number;
  /** Samples of silence given because nothing was there: the writer paused or came late. */
  readonly underrunSamples: number;
  /** Samples let go because the reader paused. */
  readonly overrunSamples: number;
}

/** Ramp back into sound after a gap, in samples: long enough to be no click. */
const RAMP_SAMPLES = 64;
/** Where the ramp starts: a seam needs half the resampler's filter to come through, behind a gain of 0. */
const BEFORE_RAMP = -0.5;

/**
 * Keeps its fill constant by reading slightly faster or slower than written (at most 0.2 %, see `DriftControl`). A gap
 * of the writer comes out as silence, faded out and in, after which the target is filled up again first.
 *
 * Both sides say when they come, by one monotonic clock: blocks of nearly equal length slip past each other within
 * minutes, and what has been recorded but not delivered yet would look like drift.
 */
export class ClockBridge {
  readonly #rateHz: number;
  readonly #target: number;
  readonly #ring: SampleRing;
  readonly #capacity: number;
  readonly #control: DriftControl;
  readonly #resampler = new SteeredResampler();
  #scratch = new Float32Array(0);
  #isPriming = true;
  /** 1 while sound flows, 0 or less in a gap, in between on a ramp. */
  #gain = BEFORE_RAMP;
  #last = 0;
  #underrun = 0;
  #overrun = 0;
  #pushed = { atMs: 0, samples: 0 };
  #pulledAtMs = 0;

  constructor(options: ClockBridgeOptions) {
    const targetMs = options.targetMs ?? 40;
    this.#rateHz = options.sampleRateHz;
    this.#target = Math.max(1, Math.round((targetMs * this.#rateHz) / 1000));
    this.#capacity = Math.round(((options.capacityMs ?? 4 * targetMs) * this.#rateHz) / 1000);
    if (this.#capacity < 2 * this.#target) throw new RangeError("a bridge must be able to hold twice its target");
    this.#ring = SampleRing.create(this.#capacity);
    this.#control = new DriftControl(this.#target / this.#rateHz);
  }

  get report(): BridgeReport {
    return {
      fillMs: (this.#fill() / this.#rateHz) * 1000,
      driftPpm: this.#control.driftPpm,
      underrunSamples: this.#underrun,
      overrunSamples: this.#overrun,
    };
  }

  /** Takes samples by the writer's clock, at `atMs`. */
  push(samples: Float32Array, atMs: number): void {
    const kept = samples.subarray(Math.max(0, samples.length - this.#capacity));
    const excess = Math.max(0, this.#ring.readable + kept.length - this.#capacity);
    if (excess > 0) {
      this.#ring.read(this.#room(excess));
      this.#gain = BEFORE_RAMP;
    }
    this.#overrun += excess + samples.length - kept.length;
    this.#ring.write(kept);
    this.#pushed = { atMs, samples: samples.length };
  }

  /** Gives `count` samples by the reader's clock, at `atMs`. */
  pull(count: number, atMs: number): Float32Array {
    const output = new Float32Array(count);
    const step = this.#control.step;
    const elapsedS = Math.max(0, (atMs - this.#pulledAtMs) / 1000);
    this.#pulledAtMs = atMs;
    // What is read now comes on top: one block too few would look like drift, and the delay would move for half a minute.
    if (this.#isPriming && this.#fill() >= this.#target + count) {
      this.#isPriming = false;
      this.#control.refilled();
    }
    let given = 0;
    if (!this.#isPriming) {
      this.#load(count, step);
      given = Math.min(count, this.#resampler.available(step));
      this.#resampler.pull(output.subarray(0, given), step);
      this.#control.update((this.#fill() + this.#onItsWay(atMs)) / this.#rateHz, Math.min(elapsedS, 1));
    }
    if (given < count) {
      this.#underrun += count - given;
      this.#isPriming = true;
    }
    this.#smooth(output, given);
    return output;
  }

  #fill(): number {
    return this.#ring.readable + this.#resampler.pending;
  }

  /** Samples the writer's device has by now beyond its last block; no more than another block. */
  #onItsWay(atMs: number): number {
    const since = ((atMs - this.#pushed.atMs) * this.#rateHz) / 1000;
    return Math.max(0, Math.min(this.#pushed.samples, since));
  }

  #load(count: number, step: number): void {
    const wanted = Math.ceil(count * step) + 2 - Math.floor(this.#resampler.pending);
    const samples = this.#room(Math.max(0, Math.min(this.#ring.readable, wanted)));
    this.#ring.read(samples);
    this.#resampler.push(samples);
  }

  #room(count: number): Float32Array {
    if (this.#scratch.length < count) this.#scratch = new Float32Array(count);
    return this.#scratch.subarray(0, count);
  }

  /** Fades in after a gap, and lets the last value before a gap die away. */
  #smooth(output: Float32Array, given: number): void {
    const held = this.#last;
    for (let i = 0; i < given && this.#gain < 1; i++) {
      this.#gain = Math.min(1, this.#gain + 1 / RAMP_SAMPLES);
      const gain = Math.max(0, this.#gain);
      output[i] = (output[i] ?? 0) * gain + held * (1 - gain);
    }
    if (given > 0) this.#last = output[given - 1] ?? 0;
    for (let i = given; i < output.length; i++) {
      this.#gain = BEFORE_RAMP;
      this.#last *= 1 - 4 / RAMP_SAMPLES;
      output[i] = this.#last;
    }
  }
}
