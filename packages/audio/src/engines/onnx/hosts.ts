/** The host options of the onnxruntime engines, from a model's folder. Defaults fit the models of our catalogue. */
import { basename } from "node:path";
import { siblingModule, type EngineHostOptions } from "../host/index.ts";
import type { FramesOptions } from "./options.ts";

/** What may be given: the folder, and whatever differs from the defaults. */
export type FramesHostChoice = Pick<FramesOptions, "folder"> & Partial<FramesOptions>;

/** A voice-activity engine; by default Silero v5. One host serves 16 streams. */
export function framesHost(choice: FramesHostChoice): EngineHostOptions {
  const options: FramesOptions = {
    id: basename(choice.folder),
    files: { model: "silero_vad_v5.onnx" },
    ...choice,
  };
  return { name: "vad", module: siblingModule(import.meta.url, "./frames-module"), options, maxJobs: 16 };
}
