/**
 * Silero's voice-activity network, version 5, on one stream. As in its authors' own tool, each window of 512 samples is
 * shown with the last 64 samples of the one before, and the recurrent state of 2 x 128 floats is carried along; both
 * begin as zeros (github.com/snakers4/silero-vad, utils_vad.py).
 */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { floatsOf, Tensor, type Network, type NetworkShape } from "./native.ts";

/** 32 ms at 16 kHz. */
export const WINDOW_SAMPLES = 512;
const CONTEXT_SAMPLES = 64;
const STATE_SHAPE = [2, 1, 128];

export const SILERO_SHAPE: NetworkShape = { inputs: ["input", "state", "sr"], outputs: ["output", "stateN"] };

/** One stream's state. */
export class SileroStream {
  readonly #network: Network;
  readonly #rate = new Tensor("int64", BigInt64Array.of(BigInt(SPEECH_RATE_HZ)), []);
  #context = new Float32Array(CONTEXT_SAMPLES);
  #state = new Float32Array(STATE_SHAPE.reduce((size, side) => size * side));

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
    this.#state = Float32Array.from(floatsOf(outputs, "stateN"));
    return floatsOf(outputs, "output")[0] ?? 0;
  }
}
