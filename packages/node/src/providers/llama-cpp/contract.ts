/** What the parent and a language-model engine say to each other: method `generate`, text pieces out. */
import { z } from "zod";

export const generateParams = z.object({
  messages: z
    .array(z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() }))
    .min(1)
    .max(10_000),
  maxTokens: z.number().int().min(1).max(100_000).default(512),
  temperature: z.number().min(0).max(2).default(0.7),
  seed: z.number().int().nonnegative().optional(),
});

export const generateResult = z.object({
  promptTokens: z.number().int().nonnegative(),
  outputTokens: z.number().int().nonnegative(),
  tokensPerSecond: z.number().nonnegative(),
  /** `length`: the answer was cut at its longest allowed length. */
  stopReason: z.enum(["end", "length"]),
});

export const engineInfo = z.object({ id: z.string(), contextTokens: z.number().int().positive() });

/** The messages of one call, checked. */
export type GenerateParams = z.output<typeof generateParams>;
/** What the engine tells at the end. */
export type GenerateResult = z.output<typeof generateResult>;
