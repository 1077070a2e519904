/**
 * The playback port of a conversation: replies are handed over faster than they are heard, ducked, restored and stopped
 * without a click, and it is known at any time how much of a reply was heard.
 */
import { AudioError, isAudioError } from "../errors.ts";
import { abortable } from "../format/abort.ts";
import type { Pcm } from "../format/pcm.ts";
import { createResampler } from "../format/resample.ts";
import type { Resampler } from "../format/resample.ts";
import { backOffMs, DEVICE_BACK_OFF, MACHINE_CLOCK } from "./clock.ts";
import type { BackOff } from "./clock.ts";
import type { AudioSink, DeviceClock, DeviceEvent, SinkDevice } from "./contracts.ts";
import { amplitude, GainRamp } from "./gain.ts";
import { Ledger } from "./ledger.ts";
import { Tray } from "./tray.ts";

/** Handed over at a time. */
const BLOCK_MS = 10;
/** Handed over before it is due: covers a busy event loop, and is added to what a stop or a duck waits for. */
const AHEAD_MS = 40;
/** Handed over is at least this much, be it silence. */
const URGENT_MS = 15;
/** Attempts to open a device that went away before the reply in hand is given up: with the back-off, some two seconds. */
const PATIENCE = 4;
/**
 * A device that has been open for so long is let go in the next quiet moment: we feed it by our clock, it plays by its own, and
 * what they differ by (200 ppm: 60 ms in five minutes) would wait in front of every stop.
 */
const RENEW_AFTER_MS = 300_000;
const RENEW_QUIET_MS = 1500;
/** Samples in which a sound that was cut off (the voice came late) dies away, and comes back. */
const SEAM_SAMPLES = 96;

/** Options of {@link Playback}. */
export interface PlaybackOptions {
  readonly clock?: DeviceClock | undefined;
  /** Sound that may wait to be played before `play` waits; 30,000 when absent. */
  readonly maxQueuedMs?: number | undefined;
  /**
   * How long the device is kept open, and fed silence, after the last sound; 10,000 when absent. Opening costs the first
   * sound some tens of milliseconds; closing gives the device back and sets the clocks of both sides to zero.
   */
  readonly lingerMs?: number | undefined;
  readonly onEvent?: ((event: DeviceEvent) => void) | undefined;
  /**
   * Every block that goes to the device, silence included, as it will sound, and when it will be heard: the reference
   * of an echo canceller. The samples are the listener's to keep.
   */
  readonly onPlayed?: ((samples: Float32Array, heardAtMs: number) => void) | undefined;
  readonly backOff?: BackOff | undefined;
}

/** How a reply was cut. */
export interface Stopped {
  /** How much of the reply had been heard when it was stopped: by the device's clock, less its latency. */
  readonly heardMs: number;
  /** What was in the device already and in the fade, and is heard after `heardMs`. */
  readonly tailMs: number;
}

/** What playing went through since it began. */
export interface PlaybackReport {
  /** Times the device ran dry because this process came late. */
  readonly underruns: number;
  readonly underrunMs: number;
  /** Silence inside replies because their sound came late. */
  readonly starvedMs: number;
}

/** One loudspeaker. Its methods may be called at any time; only `play`, `finished` and `close` wait. */
export class Playback {
  readonly #device: SinkDevice;
  readonly #options: PlaybackOptions;
  readonly #clock: DeviceClock;
  readonly #rateHz: number;
  readonly #tray: Tray;
  readonly #ledger = new Ledger();
  readonly #duck = new GainRamp();
  readonly #fade = new GainRamp();
  readonly #closing = new AbortController();
  readonly #pump: Promise<void>;
  #resampler: { readonly fromHz: number; readonly to: Resampler } | undefined;
  #wake = Promise.withResolvers<undefined>();
  /** Samples of a stopped reply that still fade. */
  #fading = 0;
  /** The reply's sound has begun, and its end has not been told. */
  #isInReply = false;
  #isEnded = true;
  /** The next play begins another reply. */
  #isOver = true;
  /** Number of the reply in hand; a stop counts, too. */
  #reply = 0;
  #seam = 0;
  #last = 0;
  /** Position in the device's stream, and when its sample 0 was due. */
  #position = 0;
  #originMs = 0;
  #latencyMs = 0;
  #lastSoundMs = 0;
  #underruns = 0;
  #underrunMs = 0;
  #starved = 0;
  #failure: AudioError | undefined;

  constructor(device: SinkDevice, options: PlaybackOptions = {}) {
    this.#device = device;
    this.#options = options;
    this.#clock = options.clock ?? MACHINE_CLOCK;
    this.#rateHz = device.sampleRateHz;
    this.#tray = new Tray(this.#samples(options.maxQueuedMs ?? 30_000));
    this.#pump = this.#run();
  }

  get report(): PlaybackReport {
    return {
      underruns: this.#underruns,
      underrunMs: this.#underrunMs,
      starvedMs: (this.#starved / this.#rateHz) * 1000,
    };
  }

  /** How much of the reply in hand has been heard. */
  get heardMs(): number {
    return (this.#ledger.heard(this.#devicePosition()) / this.#rateHz) * 1000;
  }

  /** True while sound of a reply waits, or is on its way to the ear. */
  get isPlaying(): boolean {
    return this.#tray.length > 0 || this.#ledger.heard(this.#devicePosition()) < this.#ledger.written;
  }

  /**
   * Adds `pcm`, of any rate, to the reply in hand, or begins one. Waits while much is queued; false when the reply was
   * stopped meanwhile: the sound is dropped.
   * @throws AudioError `device-missing`, `device-failed` when the device could not be opened for the sound before, or was
   * closed; `job-cancelled`, `job-timed-out`.
   */
  async play(pcm: Pcm, signal?: AbortSignal): Promise<boolean> {
    if (this.#closing.signal.aborted) throw closedError();
    if (this.#failure !== undefined) {
      const failure = this.#failure;
      this.#failure = undefined;
      throw failure;
    }
    if (this.#isOver) this.#begin();
    const reply = this.#reply;
    await abortable(this.#tray.room(), signal, "waiting for the loudspeaker");
    if (this.#reply !== reply || this.#closing.signal.aborted) return false;
    this.#tray.put(this.#atDeviceRate(pcm));
    this.#wake.resolve(undefined);
    return true;
  }

  /**
   * The reply is complete; resolves when all of it was heard, with its length, or was stopped, with what was heard.
   * @throws AudioError `job-cancelled`, `job-timed-out` when `signal` aborts; it plays on.
   */
  async finished(signal: AbortSignal): Promise<number> {
    const reply = this.#reply;
    if (this.#resampler !== undefined) this.#tray.put(this.#resampler.to.end());
    this.#resampler = undefined;
    this.#isEnded = true;
    this.#wake.resolve(undefined);
    while (this.#reply === reply && !this.#isOver && this.isPlaying && !this.#closing.signal.aborted) {
      await abortable(this.#clock.sleep(BLOCK_MS, signal), signal, "waiting for the reply to be heard");
    }
    const { heardMs } = this;
    if (this.#reply === reply) this.#isOver = true;
    return heardMs;
  }

  /** Turns everything to `gainDb` (below 0: quieter) within `fadeMs`. */
  duck(gainDb: number, fadeMs: number): void {
    this.#duck.go(amplitude(gainDb), this.#samples(fadeMs));
  }

  /** Back to full loudness within `fadeMs`. */
  restore(fadeMs: number): void {
    this.duck(0, fadeMs);
  }

  /** Fades the reply out within `fadeMs` and drops the rest of it. Ducking ends with it. */
  stop(fadeMs = 20): Stopped {
    const heard = this.#ledger.heard(this.#devicePosition());
    const fade = Math.min(this.#samples(fadeMs), this.#tray.length);
    this.#tray.keep(fade);
    this.#fading = fade;
    this.#fade.go(0, Math.max(1, fade));
    if (fade === 0) this.#endFade();
    this.#isOver = true;
    this.#isEnded = true;
    this.#reply += 1;
    this.#resampler = undefined;
    const tail = this.#ledger.written + fade - heard;
    return { heardMs: (heard / this.#rateHz) * 1000, tailMs: (tail / this.#rateHz) * 1000 };
  }

  /** Plays no more; resolves when the device is let go. What is queued is dropped. */
  async close(): Promise<void> {
    this.stop();
    this.#closing.abort();
    this.#wake.resolve(undefined);
    await this.#pump;
  }

  #begin(): void {
    this.#reply += 1;
    this.#ledger.clear();
    this.#isOver = false;
    this.#isEnded = false;
    this.#isInReply = false;
  }

  #endFade(): void {
    this.#fading = 0;
    this.#last = 0;
    this.#fade.jump(1);
    this.#duck.jump(1);
  }

  #atDeviceRate(pcm: Pcm): Float32Array {
    const { sampleRateHz } = pcm;
    if (this.#resampler !== undefined && this.#resampler.fromHz !== sampleRateHz) {
      this.#tray.put(this.#resampler.to.end());
      this.#resampler = undefined;
    }
    this.#resampler ??= { fromHz: sampleRateHz, to: createResampler(sampleRateHz, this.#rateHz) };
    return this.#resampler.to.push(pcm.samples);
  }

  /** Where the ear is in the device's stream. */
  #devicePosition(): number {
    const sinceMs = this.#clock.nowMs() - this.#originMs - this.#latencyMs;
    return Math.min(this.#position, (sinceMs * this.#rateHz) / 1000);
  }

  #samples(ms: number): number {
    return Math.round((ms * this.#rateHz) / 1000);
  }

  async #run(): Promise<void> {
    const stop = this.#closing.signal;
    let failures = 0;
    let hasWorked = false;
    while (!stop.aborted) {
      if (this.#tray.length === 0) await this.#wake.promise;
      this.#wake = Promise.withResolvers();
      if (stop.aborted || this.#tray.length === 0) continue;
      try {
        const sink = await this.#device.open(stop);
        if (failures > 0) this.#options.onEvent?.({ type: "back" });
        failures = 0;
        hasWorked = true;
        this.#failure = undefined;
        await this.#feed(sink);
      } catch (error) {
        if (stop.aborted) return;
        failures += 1;
        const failure = deviceFailure(error);
        const mayComeBack = failure.code === "device-lost" || failure.code === "device-failed";
        if (!hasWorked || !mayComeBack || failures >= PATIENCE) this.#giveUp(failure);
        const retryInMs = backOffMs(this.#options.backOff ?? DEVICE_BACK_OFF, failures);
        if (failures === 1) this.#options.onEvent?.({ type: "lost", error: failure, retryInMs });
        await this.#clock.sleep(retryInMs, stop);
      }
    }
  }

  /** Nothing can be played: what waits is dropped, and who plays next is told. */
  #giveUp(failure: AudioError): void {
    this.stop(0);
    this.#failure = failure;
  }

  /** Feeds an open sink until it has been silent for long, or is lost. */
  async #feed(sink: AudioSink): Promise<void> {
    const stop = this.#closing.signal;
    this.#latencyMs = sink.latencyMs;
    // Nothing runs dry before it begins: a voice that starts with crumbs is given a moment.
    for (let waitedMs = 0; waitedMs < AHEAD_MS && this.#tray.length < this.#samples(AHEAD_MS); waitedMs += 5) {
      if (this.#isEnded) break;
      await this.#clock.sleep(5, stop);
    }
    this.#lastSoundMs = this.#clock.nowMs();
    // The stream goes on where it stood: the clock of a reply that was interrupted by the device stays right.
    this.#originMs = this.#lastSoundMs - (this.#position / this.#rateHz) * 1000;
    const block = this.#samples(BLOCK_MS);
    const openedMs = this.#lastSoundMs;
    try {
      while (!stop.aborted && this.#clock.nowMs() - this.#lastSoundMs < this.#lingerMs(openedMs) + sink.latencyMs) {
        this.#noticeUnderrun();
        const due = ((this.#clock.nowMs() - this.#originMs + AHEAD_MS) * this.#rateHz) / 1000;
        while (this.#position + block <= due && !this.#canWait(block) && !stop.aborted) await this.#hand(sink, block);
        await this.#clock.sleep(BLOCK_MS / 2, stop);
      }
    } finally {
      await sink.close();
    }
  }

  /** How long a device that was opened at `openedMs` is kept without sound. */
  #lingerMs(openedMs: number): number {
    if (this.#device.opensOnce === true) return Number.POSITIVE_INFINITY;
    const { lingerMs = 10_000 } = this.#options;
    const isOld = this.#isOver && this.#clock.nowMs() - openedMs >= RENEW_AFTER_MS;
    return isOld ? Math.min(lingerMs, RENEW_QUIET_MS) : lingerMs;
  }

  /** The voice is a little late and the device has enough for now: better wait for sound than put silence in its middle. */
  #canWait(block: number): boolean {
    if (this.#isOver || this.#isEnded || this.#tray.length >= block) return false;
    return (this.#position / this.#rateHz) * 1000 - (this.#clock.nowMs() - this.#originMs) >= URGENT_MS;
  }

  /** The device has played all it was given: its clock stands still until more comes. */
  #noticeUnderrun(): void {
    const nowMs = this.#clock.nowMs();
    const dryMs = nowMs - this.#originMs - (this.#position / this.#rateHz) * 1000;
    if (dryMs <= 0) return;
    this.#originMs += dryMs;
    if (!this.#isInReply) return;
    this.#underruns += 1;
    this.#underrunMs += dryMs;
  }

  async #hand(sink: AudioSink, length: number): Promise<void> {
    const samples = new Float32Array(length);
    const isFading = this.#fading > 0;
    // A reply that begins behind a fade waits for the next block: it has a position of its own.
    const taken = this.#tray.take(isFading ? samples.subarray(0, this.#fading) : samples);
    if (taken > 0) {
      this.#lastSoundMs = this.#clock.nowMs();
      this.#isInReply = true;
    }
    if (taken < length && this.#isInReply) {
      if (this.#isEnded) this.#isInReply = false;
      else this.#starved += length - taken;
    }
    this.#soften(samples, taken);
    this.#duck.apply(samples);
    this.#fade.apply(samples);
    if (isFading) {
      this.#fading -= taken;
      if (this.#fading <= 0) this.#endFade();
    } else this.#ledger.add(this.#position, taken);
    const heardAtMs = this.#originMs + (this.#position / this.#rateHz) * 1000 + this.#latencyMs;
    this.#position += length;
    this.#options.onPlayed?.(samples.slice(), heardAtMs);
    await sink.write(samples);
  }

  /** Where sound begins or breaks off in the middle, it does so within some milliseconds. */
  #soften(samples: Float32Array, taken: number): void {
    for (let i = 0; i < taken && this.#seam < SEAM_SAMPLES; i++) {
      this.#seam += 1;
      const gain = this.#seam / SEAM_SAMPLES;
      samples[i] = (samples[i] ?? 0) * gain + this.#last * (1 - gain);
    }
    if (taken > 0) this.#last = samples[taken - 1] ?? 0;
    for (let i = taken; i < samples.length; i++) {
      this.#seam = 0;
      this.#last *= 1 - 4 / SEAM_SAMPLES;
      samples[i] = this.#last;
    }
  }
}

function deviceFailure(error: unknown): AudioError {
  if (isAudioError(error)) return error;
  const why = error instanceof Error ? error.message : String(error);
  return new AudioError("device-failed", `The loudspeaker cannot be used: ${why}.`, {
    nextStep: "Check that a loudspeaker is plugged in and chosen as default.",
    cause: error,
  });
}

function closedError(): AudioError {
  return new AudioError("device-failed", "The loudspeaker was closed.", { nextStep: "Open it again to play." });
}
