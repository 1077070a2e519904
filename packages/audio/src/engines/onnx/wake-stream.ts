/**
 * openWakeWord on one stream (github.com/dscripka/openWakeWord): each 80 ms of sound become 8 more rows of a mel
 * spectrogram, the last 76 rows one more embedding, and the last 16 embeddings a score of every word. The front end, which
 * is nearly all of the work, is shared by all words.
 */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { floatsOf, Tensor, type Network, type NetworkShape } from "./native.ts";

/** 80 ms at 16 kHz. */
export const STEP_SAMPLES = 1280;
export const STEP_MS = (1000 * STEP_SAMPLES) / SPEECH_RATE_HZ;

/** Sound before a step that its first rows look at, too. */
const CONTEXT_SAMPLES = 480;
const MEL_BINS = 32;
const WINDOW_ROWS = 76;
const EMBEDDING = 96;
const EMBEDDINGS = 16;

/** The front end was trained on 16-bit sound. */
const INT16 = 32_768;

export const MEL_SHAPE: NetworkShape = { inputs: ["input"], outputs: ["output"] };
export const EMBEDDING_SHAPE: NetworkShape = { inputs: ["input_1"], outputs: ["conv2d_19"] };
/** Heads are trained by many hands: any one tensor in, any one out. */
export const HEAD_SHAPE: NetworkShape = { inputs: undefined, outputs: undefined };

/** A word and the network that knows it. */
export interface Head {
  readonly word: string;
  readonly network: Network;
}

/** The networks of all streams. */
export interface WakeNetworks {
  readonly mel: Network;
  readonly embedding: Network;
  readonly heads: readonly Head[];
}

/** What one stream remembers; 33 kB. */
export interface WakeMemory {
  readonly sound: Float32Array;
  readonly rows: Float32Array;
  readonly embeddings: Float32Array;
}

/** One stream's state. */
export class WakeStream {
  readonly #networks: WakeNetworks;
  readonly #memory: WakeMemory;

  /** Goes on from a copy of `memory`, or from nothing. */
  constructor(networks: WakeNetworks, memory?: WakeMemory) {
    this.#networks = networks;
    this.#memory = {
      sound: Float32Array.from(memory?.sound ?? new Float32Array(CONTEXT_SAMPLES + STEP_SAMPLES)),
      rows: Float32Array.from(memory?.rows ?? new Float32Array(WINDOW_ROWS * MEL_BINS)),
      embeddings: Float32Array.from(memory?.embeddings ?? new Float32Array(EMBEDDINGS * EMBEDDING)),
    };
  }

  /** The next {@link STEP_SAMPLES} of sound, floats in [-1, 1]: how sure each head is now, 0 to 1. */
  async step(samples: Float32Array): Promise<number[]> {
    await this.hear(samples);
    const scores: number[] = [];
    const embeddings = new Tensor("float32", this.#memory.embeddings, [1, EMBEDDINGS, EMBEDDING]);
    for (const { network } of this.#networks.heads) {
      const [input = "", output = ""] = [network.inputs[0], network.outputs[0]];
      scores.push(floatsOf(await network.run({ [input]: embeddings }), output)[0] ?? 0);
    }
    return scores;
  }

  /** As {@link step}, without asking the heads. */
  async hear(samples: Float32Array): Promise<WakeMemory> {
    const { sound, rows, embeddings } = this.#memory;
    const { mel, embedding } = this.#networks;
    slide(
      sound,
      samples.map((sample) => sample * INT16),
    );
    const spectrum = await mel.run({ input: new Tensor("float32", sound, [1, sound.length]) });
    // The scale of the spectrogram that the embedding was trained on.
    slide(
      rows,
      floatsOf(spectrum, "output").map((value) => value / 10 + 2),
    );
    const window = new Tensor("float32", rows, [1, WINDOW_ROWS, MEL_BINS, 1]);
    slide(embeddings, floatsOf(await embedding.run({ input_1: window }), "conv2d_19"));
    return this.#memory;
  }
}

/**
 * What a stream remembers that has heard nothing but the faint hiss of a microphone: without such a lead-in of about two
 * seconds the heads say anything. Digital silence would not do, as no network ever heard it.
 */
export async function quietMemory(networks: WakeNetworks): Promise<WakeMemory> {
  const stream = new WakeStream(networks);
  const hiss = faintHiss(LEAD_IN_STEPS * STEP_SAMPLES);
  let memory = await stream.hear(hiss.subarray(0, STEP_SAMPLES));
  for (let at = STEP_SAMPLES; at < hiss.length; at += STEP_SAMPLES) {
    memory = await stream.hear(hiss.subarray(at, at + STEP_SAMPLES));
  }
  return memory;
}

/** Enough for all rows of all embeddings: 76 rows and 15 steps more. */
export const LEAD_IN_STEPS = 26;

/** White noise of 30 of 32,768 steps at most, always the same (a linear congruential generator, Numerical Recipes). */
export function faintHiss(samples: number): Float32Array {
  let seed = 1;
  return Float32Array.from({ length: samples }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return ((seed / 2 ** 31 - 1) * 30) / INT16;
  });
}

/** Makes room at the end of `buffer` for `next` by forgetting as much of its beginning. */
function slide(buffer: Float32Array, next: Float32Array): void {
  buffer.copyWithin(0, next.length);
  buffer.set(next, buffer.length - next.length);
}
