/**
 * Taking our own voice out of the microphone: WebRTC's third echo canceller (AEC3, BSD-3-Clause) as WebAssembly. It finds
 * and follows the delay between loudspeaker and microphone by itself, subtracts what an adaptive filter predicts, and
 * suppresses what is left, keeping who speaks at the same time.
 */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { EchoDelay } from "./delay.ts";
import { Residue } from "./residue.ts";

/** AEC3 works on frames of 10 ms. */
export const ECHO_FRAME_SAMPLES = SPEECH_RATE_HZ / 100;
/** Its filter bank gives sound back this much later (half a frame of 64 samples each way), in samples. */
export const ECHO_DELAY_SAMPLES = 128;
/** What the likelihood looks back on: an exponential average over some two frames of voice activity. */
const AVERAGING_MS = 40;
/** An echo may follow its cause by the delays of both devices, the room and their buffers. */
const REFERENCE_MEMORY_MS = 600;
/** Below -66 dBFS nothing of ours is heard, whatever the loudspeaker. */
const AUDIBLE_POWER = 10 ** (-66 / 10);

/** One frame of the microphone, without our own voice. */
export interface CleanFrame {
  /** {@link ECHO_FRAME_SAMPLES} samples, {@link ECHO_DELAY_SAMPLES} later than the microphone's. */
  readonly samples: Float32Array;
  /**
   * 0 to 1: how much of what the microphone hears is explained by our own playback: the share of its power that was
   * taken out, over the last frames. 0 while nothing is played. Near 1: nobody else is heard; at equal loudness of
   * somebody else about 0.5. For who uses the microphone as it is.
   */
  readonly echoLikelihood: number;
  /**
   * 0 to 1: how likely `samples` are what is always left of our own playback: 1 what is no more than that, 0 what is far above it, however
   * much of the microphone was ours. 0 while nothing is played. Until our voice has been found in the microphone, it is `echoLikelihood`; from
   * there on, and when the echo comes another way, 1 for one and a half seconds of it. For who uses `samples`.
   */
  readonly residueLikelihood: number;
}

/** An echo canceller for one microphone and one loudspeaker. */
export interface EchoCanceller extends Disposable {
  /**
   * Takes the next 10 ms of what is played (silence when nothing is) and of what the microphone hears, both mono at
   * `SPEECH_RATE_HZ`, {@link ECHO_FRAME_SAMPLES} each, in step: the echo of a reference frame comes with the same or a
   * later microphone frame. RangeError for other lengths.
   */
  process(reference: Float32Array, microphone: Float32Array): CleanFrame;
}

/** Makes a canceller; dispose of it to give its memory back. */
export async function createEchoCanceller(): Promise<EchoCanceller> {
  const module = await loadModule();
  const native = new module.AEC3(SPEECH_RATE_HZ, 1, 1);
  const likelihoods = new Likelihoods();
  let disposed = false;
  return {
    process: (reference, microphone) => {
      for (const frame of [reference, microphone]) {
        if (frame.length !== ECHO_FRAME_SAMPLES) {
          throw new RangeError(`an echo canceller takes ${ECHO_FRAME_SAMPLES} samples at a time, not ${frame.length}`);
        }
      }
      native.analyze([reference]);
      const samples = new Float32Array(ECHO_FRAME_SAMPLES);
      native.process([samples], [microphone]);
      return { samples, ...likelihoods.update(reference, microphone, samples) };
    },
    [Symbol.dispose]: () => {
      if (!disposed) native.free();
      disposed = true;
    },
  };
}

/**
 * One instance of the module for each canceller: the memory of a broken or forgotten one goes with it. Its loader
 * installs process-wide handlers that throw what nobody caught, once for each instance: what becomes of uncaught errors
 * is the peer's to decide, so they are taken off again before anything else can run.
 */
async function loadModule() {
  // Only who cancels echo pays for it.
  const { default: createModule } = await import("@ennuicastr/webrtcaec3.js");
  const uncaught = new Set(process.listeners("uncaughtException"));
  const rejected = new Set(process.listeners("unhandledRejection"));
  const loading = createModule();
  for (const listener of process.listeners("uncaughtException")) {
    if (!uncaught.has(listener)) process.off("uncaughtException", listener);
  }
  for (const listener of process.listeners("unhandledRejection")) {
    if (!rejected.has(listener)) process.off("unhandledRejection", listener);
  }
  return await loading;
}

/** How much of the microphone was ours, and how likely what is left is. */
class Likelihoods {
  readonly #delayed = new Float32Array(ECHO_DELAY_SAMPLES + ECHO_FRAME_SAMPLES);
  readonly #explained = new ExplainedShare();
  readonly #residue = new Residue();
  readonly #delay = new EchoDelay();
  #sincePlayedMs = Number.POSITIVE_INFINITY;

  update(
    reference: Float32Array,
    microphone: Float32Array,
    cleaned: Float32Array,
  ): Pick<CleanFrame, "echoLikelihood" | "residueLikelihood"> {
    this.#sincePlayedMs = power(reference) > AUDIBLE_POWER ? 0 : this.#sincePlayedMs + 10;
    const isPlaying = this.#sincePlayedMs <= REFERENCE_MEMORY_MS;
    // Compared is what the cleaned frame was made of, which came some samples before.
    this.#delayed.copyWithin(0, ECHO_FRAME_SAMPLES);
    this.#delayed.set(microphone, ECHO_DELAY_SAMPLES);
    const heard = power(this.#delayed.subarray(0, ECHO_FRAME_SAMPLES));
    const left = power(cleaned);
    if (this.#delay.push(reference, microphone, isPlaying)) this.#residue.forget();
    const echoLikelihood = this.#explained.push(heard, left, isPlaying);
    const hasEcho = this.#delay.delayMs !== undefined;
    const ours = this.#residue.push(heard, left, isPlaying, hasEcho) ?? echoLikelihood;
    return { echoLikelihood, residueLikelihood: isPlaying && this.#delay.doubts ? 1 : ours };
  }
}

/** The share of the microphone's power that was taken out, while something of ours can be in it. */
class ExplainedShare {
  readonly #keep = Math.exp(-10 / AVERAGING_MS);
  #heard = 0;
  #left = 0;

  push(heard: number, left: number, isPlaying: boolean): number {
    this.#heard = this.#keep * this.#heard + heard;
    this.#left = this.#keep * this.#left + left;
    return isPlaying && this.#heard > AUDIBLE_POWER ? Math.max(0, 1 - this.#left / this.#heard) : 0;
  }
}

function power(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return sum / samples.length;
}
