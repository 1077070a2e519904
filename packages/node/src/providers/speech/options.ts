/** What the engine behind a speech server is told, as it crosses into its host process. */
import { z } from "zod";

export const speechOptions = z.object({
  /** Of the API, without the path of the method, such as `https://api.openai.com/v1`. */
  url: z.url({ protocol: /^https?$/ }),
  model: z.string().min(1),
  voices: z.array(z.object({ name: z.string().min(1), language: z.string().min(1) })).min(1),
  /** Sent as a bearer token; servers of the house often want none. */
  key: z.string().min(1).optional(),
  /** How long the server may give nothing, at the beginning and between two pieces. */
  silenceMs: z.number().int().min(1).default(15_000),
});

export type SpeechOptions = z.infer<typeof speechOptions>;
