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

export const wakeOptions = z.object({
  /** `folder` and `files` are the front end's: roles `melspectrogram` and `embedding`. */
  ...common,
  /** A word, and the file of the network that knows it. */
  heads: z
    .array(z.object({ word: z.string().min(1), folder: z.string().min(1), file: z.string().min(1) }))
    .min(1)
    .max(32)
    .refine((heads) => new Set(heads.map(({ word }) => word)).size === heads.length, "two heads for one word"),
});

export type FramesOptions = z.infer<typeof framesOptions>;
export type WakeOptions = z.infer<typeof wakeOptions>;
