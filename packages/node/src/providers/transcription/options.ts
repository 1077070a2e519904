/** What the engine behind a transcription server is told, as it crosses into its host process. */
import { z } from "zod";

export const transcriptionOptions = z.object({
  /** Of the API, without the path of the method, such as `https://api.openai.com/v1`. */
  url: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1),
  /** Sent as a bearer token; servers of the house often want none. */
  key: z.string().min(1).optional(),
  /** How long one stretch of speech may take, there and back. */
  timeoutMs: z.number().int().min(1).default(30_000),
});

export type TranscriptionOptions = z.infer<typeof transcriptionOptions>;
