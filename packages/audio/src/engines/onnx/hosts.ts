/** The host options of the onnxruntime engines, from a model's folder. Defaults fit the models of our catalogue. */
import { basename } from "node:path";
import { siblingModule, type EngineHostOptions } from "../host/index.ts";
import type { FramesOptions, WakeOptions } from "./options.ts";

/** What may be given: the folder, and whatever differs from the defaults. */
export type FramesHostChoice = Pick<FramesOptions, "folder"> & Partial<FramesOptions>;

export type WakeHostChoice = Pick<WakeOptions, "folder" | "heads"> & Partial<WakeOptions>;

/** A voice-activity engine; by default Silero v5. One host serves 16 streams. */
export function framesHost(choice: FramesHostChoice): EngineHostOptions {
  const options: FramesOptions = {
    id: basename(choice.folder),
    files: { model: "silero_vad_v5.onnx" },
    ...choice,
  };
  return { name: "vad", module: siblingModule(import.meta.url, "./frames-module"), options, maxJobs: 16 };
}

/** A wake-word engine; `folder` is openWakeWord's front end, which all `heads` share. One host serves 16 streams. */
export function wakeHost(choice: WakeHostChoice): EngineHostOptions {
  const options: WakeOptions = {
    id: basename(choice.folder),
    files: { melspectrogram: "melspectrogram.onnx", embedding: "embedding_model.onnx" },
    ...choice,
  };
  return { name: "wake", module: siblingModule(import.meta.url, "./wake-module"), options, maxJobs: 16 };
}
