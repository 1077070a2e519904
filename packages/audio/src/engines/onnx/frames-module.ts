/** Engine module: voice activity with Silero on onnxruntime. Method `frames`: audio in, probabilities out. */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { blocksOf } from "./blocks.ts";
import { loadNetwork } from "./native.ts";
import { framesOptions } from "./options.ts";
import { SILERO_SHAPE, SileroStream, WINDOW_SAMPLES } from "./silero.ts";

/** Loads the network. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(framesOptions, given, "options of the voice-activity engine");
  const paths = await modelFiles(options.folder, options.files);
  const network = await loadNetwork(fileOf(paths, "model"), SILERO_SHAPE);
  const frames: JobHandler = async (_params, io) => {
    const stream = new SileroStream(network);
    for await (const { samples, atMs } of blocksOf(io.input, WINDOW_SAMPLES)) {
      io.signal.throwIfAborted();
      await io.emit({ atMs, probability: await stream.look(samples) });
    }
    io.signal.throwIfAborted();
    return {};
  };
  return { info: { id: options.id, frameMs: (1000 * WINDOW_SAMPLES) / SPEECH_RATE_HZ }, methods: { frames } };
}
