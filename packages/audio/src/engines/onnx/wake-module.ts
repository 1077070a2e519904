/** Engine module: wake words with openWakeWord on onnxruntime. Method `scores`: audio in, a step each 80 ms out. */
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { blocksOf } from "./blocks.ts";
import { loadNetwork } from "./native.ts";
import { wakeOptions, type WakeOptions } from "./options.ts";
import {
  EMBEDDING_SHAPE,
  HEAD_SHAPE,
  MEL_SHAPE,
  quietMemory,
  STEP_MS,
  STEP_SAMPLES,
  WakeStream,
  type Head,
} from "./wake-stream.ts";

/** Loads the front end and the heads. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(wakeOptions, given, "options of the wake-word engine");
  const paths = await modelFiles(options.folder, options.files);
  const networks = {
    mel: await loadNetwork(fileOf(paths, "melspectrogram"), MEL_SHAPE),
    embedding: await loadNetwork(fileOf(paths, "embedding"), EMBEDDING_SHAPE),
    heads: await loadHeads(options),
  };
  const quiet = await quietMemory(networks);
  const words = networks.heads.map(({ word }) => word);
  const scores: JobHandler = async (_params, io) => {
    const stream = new WakeStream(networks, quiet);
    for await (const { samples, atMs } of blocksOf(io.input, STEP_SAMPLES)) {
      io.signal.throwIfAborted();
      const found = await stream.step(samples);
      const byWord = Object.fromEntries(words.map((word, index) => [word, found[index] ?? 0]));
      await io.emit({ atMs: atMs + STEP_MS, scores: byWord });
    }
    io.signal.throwIfAborted();
    return {};
  };
  return { info: { id: options.id, words, stepMs: STEP_MS }, methods: { scores } };
}

async function loadHeads(options: WakeOptions): Promise<readonly Head[]> {
  const heads: Head[] = [];
  for (const { word, folder, file } of options.heads) {
    const paths = await modelFiles(folder, { head: file });
    heads.push({ word, network: await loadNetwork(fileOf(paths, "head"), HEAD_SHAPE) });
  }
  return heads;
}
