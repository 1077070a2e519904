/** The options of the sherpa engines, as they cross into the host process, and how an engine reads them. */
import { z } from "zod";

const common = {
  /** Names the engine to its callers, such as `moonshine-tiny-en-q8`. */
  id: z.string().min(1),
  folder: z.string().min(1),
  /** File names inside the folder, by role. */
  files: z.record(z.string(), z.string().min(1)),
  threads: z.number().int().min(1).max(64),
};

export const sttOptions = z.object({
  ...common,
  family: z.enum(["moonshine", "whisper", "transducer", "nemo-transducer", "paraformer", "sense-voice"]),
  /** BCP 47; the first is told to models that want to know. */
  languages: z.array(z.string().min(1)).min(1),
});

export const streamingOptions = z.object({
  ...common,
  family: z.enum(["transducer", "paraformer", "zipformer2-ctc"]),
  /** BCP 47. */
  languages: z.array(z.string().min(1)).min(1),
  /** How much more readily hot words are heard; 0 not at all. */
  hotWordScore: z.number().min(0).max(10).default(1.5),
});

export const ttsOptions = z.object({
  ...common,
  family: z.enum(["kokoro", "vits"]),
  /** The folder of espeak-ng's data. */
  espeakFolder: z.string().min(1),
  /** Names of the voices, in the order of the model's speaker ids. */
  voices: z.array(z.string().min(1)).min(1),
  /** The voice that speaks when none is asked for; the first when absent. */
  defaultVoice: z.string().min(1).optional(),
});

export const keywordOptions = z.object({
  ...common,
  keywords: z
    .array(
      z.object({
        word: z.string().min(1),
        /** The word in tokens of the model, such as `▁HE Y ▁NO VA`; see sherpa's `text2token`. */
        tokens: z.array(z.string().regex(/^[^\s:#@][^\s]*$/)).min(1),
        /** Above 0: heard more readily. */
        boost: z.number().min(0).max(10).default(1),
        /** Probability that counts as heard. */
        threshold: z.number().gt(0).lt(1).default(0.25),
      }),
    )
    .min(1)
    .max(100),
});

export type SttOptions = z.infer<typeof sttOptions>;
export type StreamingOptions = z.infer<typeof streamingOptions>;
export type TtsOptions = z.infer<typeof ttsOptions>;
export type KeywordOptions = z.infer<typeof keywordOptions>;
