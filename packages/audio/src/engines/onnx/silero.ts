/**
 * Silero's voice-activity network, version 5, on one stream. As in its authors' own tool, each window of 512 samples is
 * shown with the last 64 samples of the one before, and the recurrent state of 2 x 128 floats is carried along; both
 * begin as zeros (github.com/snakers4/silero-vad, utils_vad.py).
 *
 * In long quiet the recurrent state drifts to where a short word no longer stands out: behind 40 s of it, words of one syllable had
 * an eighth fewer frames of speech than at the beginning of a stream. So quiet that lasts is taken for the beginning of another. Not so
 * where there is a sound: begun in the middle of music, the network takes it for a voice at first.
 */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { floatsOf, Tensor, type Network, type NetworkShape } from "./native.ts";

/** 32 ms at 16 kHz. */
export const WINDOW_SAMPLES = 512;
const CONTEXT_SAMPLES = 64;
const STATE_SHAPE = [2, 1, 128];
/** Quiet is what is less probably speech than this, … */
const QUIET = 0.1;
/** … and below -50 dBFS; … */
const QUIET_POWER = 1e-5;
/** … so many windows of it, 2 s, last. */
const LASTING_WINDOWS = 63;

export const SILERO_SHAPE: NetworkShape = { inputs: ["input", "state", "sr"], outputs: ["output", "stateN"] };

/** One stream's state. */
export class SileroStream {
  readonly #network: Network;
  readonly #rate = new Tensor("int64", BigInt64Array.of(BigInt(SPEECH_RATE_HZ)), []);
  #context = new Float32Array(CONTEXT_SAMPLES);
  #state = newState();
  #quietWindows = 0;

  constructor(network: Network) {
    this.#network = network;
  }

  /** How probable speech is in the next window. */
  async look(window: Float32Array): Promise<number> {
    const input = new Float32Array(CONTEXT_SAMPLES + WINDOW_SAMPLES);
    input.set(this.#context);
    input.set(window, CONTEXT_SAMPLES);
    const outputs = await this.#network.run({
      input: new Tensor("float32", input, [1, input.length]),
      state: new Tensor("float32", this.#state, STATE_SHAPE),
      sr: this.#rate,
    });
    this.#context = input.slice(-CONTEXT_SAMPLES);
    const probability = floatsOf(outputs, "output")[0] ?? 0;
    const isQuiet =
      probability < QUIET && window.reduce((sum, sample) => sum + sample * sample, 0) < QUIET_POWER * WINDOW_SAMPLES;
    this.#quietWindows = isQuiet ? this.#quietWindows + 1 : 0;
    if (this.#quietWindows < LASTING_WINDOWS) {
      this.#state = Float32Array.from(floatsOf(outputs, "stateN"));
    } else {
      this.#state = newState();
      this.#quietWindows = 0;
    }
    return probability;
  }
}

function newState(): Float32Array<ArrayBuffer> {
  return new Float32Array(STATE_SHAPE.reduce((size, side) => size * side));
}
