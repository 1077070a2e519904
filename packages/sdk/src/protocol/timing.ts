/** When the words of a spoken sentence are heard, and what a mouth does meanwhile. */
import * as z from "zod/mini";

/** Shapes of a speaking mouth, for blendshapes. */
export const visemes = ["A", "E", "I", "O", "U", "M", "F", "Th", "P", "rest"] as const;

/** Milliseconds from the first sample of the sentence's sound. */
const span = { startMs: z.number(), endMs: z.number() };

export const speechTimingShape = {
  durationMs: z.number(),
  words: z.array(z.object({ text: z.string(), ...span })),
  visemes: z.array(z.object({ viseme: z.enum(visemes), ...span })),
};
