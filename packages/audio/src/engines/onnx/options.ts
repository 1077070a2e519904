/** The options of the onnxruntime engines, as they cross into the host process. */
import { z } from "zod";

const common = {
  /** Names the engine to its callers, such as `silero-v5`. */
  id: z.string().min(1),
  folder: z.string().min(1),
  /** File names inside the folder, by role. */
  files: z.record(z.string(), z.string().min(1)),
};

export const framesOptions = z.object(common);

export type FramesOptions = z.infer<typeof framesOptions>;
