/** The host's microphone, through a program that comes with the system. */
import { basename } from "node:path";
import { isAudioError } from "../errors.ts";
import type { AudioError } from "../errors.ts";
import { createRawDecoder, SampleRing } from "../format/live/index.ts";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import { deviceError, startProgram } from "./child.ts";
import { backOffMs, DEVICE_BACK_OFF, MACHINE_CLOCK } from "./clock.ts";
import type { BackOff } from "./clock.ts";
import type { AudioSource, DeviceEvent } from "./contracts.ts";
import { findPrograms } from "./programs.ts";
import type { DeviceProgram } from "./programs.ts";

/** Sound kept for a reader that is busy; what comes beyond is lost and counted. */
const HELD_MS = 4000;
/** Longest block given at a time. */
const BLOCK_MS = 160;

/** Options of {@link microphone}. */
export interface MicrophoneOptions {
  /** What the system is asked for; {@link SPEECH_RATE_HZ} when absent. */
  readonly sampleRateHz?: number | undefined;
  /** A device as the system's programs name it; its default when absent. */
  readonly device?: string | undefined;
  /** Told when the device goes away and when it is back. */
  readonly onEvent?: ((event: DeviceEvent) => void) | undefined;
  /** Told when sound was lost because nobody read it, with all samples lost so far. */
  readonly onOverrun?: ((samples: number) => void) | undefined;
  /** A device that gives no sound for so long counts as gone; 3000 when absent. */
  readonly stallMs?: number | undefined;
  readonly backOff?: BackOff | undefined;
  /** Programs to try instead of those that are found. */
  readonly programs?: readonly [DeviceProgram, ...DeviceProgram[]] | undefined;
}

/**
 * The microphone as a source. The first program that gives sound is used. One that never gave any is an error
 * (`device-failed`, with what the last program said); once there was sound, a device that goes away is waited for with
 * growing pauses, and comes back by itself.
 * @throws AudioError `device-missing` at once when no program is installed.
 */
export function microphone(options: MicrophoneOptions = {}): AudioSource {
  const { sampleRateHz = SPEECH_RATE_HZ, device } = options;
  const programs = options.programs ?? findPrograms({ direction: "capture", sampleRateHz, device });
  return {
    name: `microphone (${basename(programs[0].command)})`,
    sampleRateHz,
    blocks: (signal) => capture(programs, sampleRateHz, options, signal),
  };
}

async function* capture(
  programs: readonly [DeviceProgram, ...DeviceProgram[]],
  sampleRateHz: number,
  options: MicrophoneOptions,
  signal: AbortSignal,
): AsyncGenerator<Float32Array, void, undefined> {
  const backOff = options.backOff ?? DEVICE_BACK_OFF;
  let lost = false;
  let failures = 0;
  let works: DeviceProgram | undefined;
  while (!signal.aborted) {
    const program = works ?? programs[failures % programs.length] ?? programs[0];
    const run = new CaptureRun(program, sampleRateHz, options);
    let why: AudioError | undefined;
    try {
      for await (const block of run.blocks(signal)) {
        if (lost) options.onEvent?.({ type: "back" });
        lost = false;
        failures = 0;
        works = program;
        yield block;
      }
    } catch (error) {
      if (!isAudioError(error, "device-lost", "device-failed")) throw error;
      why = error;
    } finally {
      await run.stop();
    }
    if (why === undefined) return;
    failures += 1;
    if (works === undefined) {
      if (failures >= programs.length) throw why;
      continue;
    }
    // After a while with one program in vain the others get their turn: a sound server may have been exchanged.
    const retryInMs = backOffMs(backOff, failures);
    if (!lost) options.onEvent?.({ type: "lost", error: why, retryInMs });
    lost = true;
    await MACHINE_CLOCK.sleep(retryInMs, signal);
  }
}

/** One run of one program, read at once whatever the reader does. */
class CaptureRun {
  readonly #program: DeviceProgram;
  readonly #options: MicrophoneOptions;
  readonly #ring: SampleRing;
  readonly #blockSamples: number;
  readonly #child;
  #hasSpoken = false;
  #ended: string | undefined;

  constructor(program: DeviceProgram, sampleRateHz: number, options: MicrophoneOptions) {
    this.#program = program;
    this.#options = options;
    this.#ring = SampleRing.create((sampleRateHz * HELD_MS) / 1000);
    this.#blockSamples = Math.round((sampleRateHz * BLOCK_MS) / 1000);
    this.#child = startProgram(program, "stdout");
    const decoder = createRawDecoder({ encoding: "pcm16", channels: 1 });
    this.#child.process.stdout?.on("data", (bytes: Uint8Array) => {
      const samples = decoder.push(bytes);
      this.#hasSpoken = true;
      if (this.#ring.write(samples) < samples.length) options.onOverrun?.(this.#ring.overrunSamples);
    });
    void this.#child.ended.then((why) => {
      this.#ended = why;
      this.#ring.close();
    });
  }

  /** Ends without an error only by `signal`. */
  async *blocks(signal: AbortSignal): AsyncGenerator<Float32Array, void, undefined> {
    while (await this.#more(signal)) {
      const block = new Float32Array(Math.min(this.#ring.readable, this.#blockSamples));
      this.#ring.read(block);
      yield block;
    }
    if (signal.aborted) return;
    const why = this.#ended ?? `no sound for ${this.#stallMs / 1000} s`;
    throw deviceError(this.#hasSpoken ? "device-lost" : "device-failed", "microphone", this.#program, why);
  }

  async stop(): Promise<void> {
    await this.#child.stop();
  }

  get #stallMs(): number {
    return this.#options.stallMs ?? 3000;
  }

  /**
   * Waits in two halves: after this process was held up (a busy or sleeping machine) timers fire before what came
   * meanwhile is read, and the second half finds it.
   */
  async #more(signal: AbortSignal): Promise<boolean> {
    for (let half = 0; half < 2 && !signal.aborted; half++) {
      try {
        const stall = AbortSignal.timeout(this.#stallMs / 2);
        return await this.#ring.untilReadable(1, AbortSignal.any([signal, stall]));
      } catch (error) {
        if (!isAudioError(error, "job-cancelled", "job-timed-out")) throw error;
      }
    }
    return false;
  }
}
