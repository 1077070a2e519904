/**
 * Engine module for the test of the wake words' stream: the same scores computed the other way round, over a whole clip
 * at once. Method `scores`: one clip in, the scores of the first head for each 80 ms of it.
 */
import type { Engine } from "../../../src/engines/index.ts";
import { floatsOf, loadNetwork, Tensor } from "../../../src/engines/onnx/native.ts";
import { wakeOptions } from "../../../src/engines/onnx/options.ts";
import {
  EMBEDDING_SHAPE,
  faintHiss,
  HEAD_SHAPE,
  LEAD_IN_STEPS,
  MEL_SHAPE,
  STEP_SAMPLES,
} from "../../../src/engines/onnx/wake-stream.ts";
import { joined } from "../models.ts";

const [BINS, ROWS, EMBEDDING, EMBEDDINGS, STEP_ROWS] = [32, 76, 96, 16, 8];

export async function createEngine(given: unknown): Promise<Engine> {
  const { folder, files, heads } = wakeOptions.parse(given);
  const mel = await loadNetwork(`${folder}/${files["melspectrogram"]}`, MEL_SHAPE);
  const embedding = await loadNetwork(`${folder}/${files["embedding"]}`, EMBEDDING_SHAPE);
  const head = await loadNetwork(`${heads[0]?.folder}/${heads[0]?.file}`, HEAD_SHAPE);

  async function spectrogram(clip: Float32Array): Promise<Float32Array> {
    const lead = faintHiss(LEAD_IN_STEPS * STEP_SAMPLES);
    const whole = joined([lead, clip]).map((sample) => sample * 32_768);
    const outputs = await mel.run({ input: new Tensor("float32", whole, [1, whole.length]) });
    return floatsOf(outputs, "output").map((value) => value / 10 + 2);
  }

  /** The embedding of the 76 rows that end with the last row of step `step`, counted from the lead-in's first. */
  async function embed(rows: Float32Array, step: number): Promise<Float32Array> {
    const end = (STEP_ROWS * step + 5) * BINS;
    const window = rows.slice(end - ROWS * BINS, end);
    const outputs = await embedding.run({ input_1: new Tensor("float32", window, [1, ROWS, BINS, 1]) });
    return floatsOf(outputs, "conv2d_19");
  }

  return {
    info: { id: "batch" },
    methods: {
      async scores(_params, io) {
        const clips: Float32Array[] = [];
        for await (const clip of io.input) if (clip instanceof Float32Array) clips.push(clip);
        const clip = joined(clips);
        const rows = await spectrogram(clip);
        const embeddings: Float32Array[] = [];
        for (let step = LEAD_IN_STEPS - EMBEDDINGS + 1; step < LEAD_IN_STEPS + clip.length / STEP_SAMPLES; step += 1) {
          embeddings.push(await embed(rows, step));
        }
        const scores: number[] = [];
        for (let last = EMBEDDINGS; last <= embeddings.length; last += 1) {
          const input = joined(embeddings.slice(last - EMBEDDINGS, last));
          const shape = [1, EMBEDDINGS, EMBEDDING];
          const outputs = await head.run({ [head.inputs[0] ?? ""]: new Tensor("float32", input, shape) });
          scores.push(floatsOf(outputs, head.outputs[0] ?? "")[0] ?? 0);
        }
        return scores;
      },
    },
  };
}
