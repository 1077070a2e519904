/** Test engine: takes whatever is loud for speech. Exact on synthetic sound. Never a default. */
import { z } from "zod";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import { toFrames } from "../format/frames.ts";
import type { Engine } from "../engines/module.ts";

const WINDOW_SAMPLES = 160;

const optionsSchema = z.object({
  /** Mean square of a window above which it is speech. */
  energy: z.number().positive().default(1e-4),
});

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const { energy } = optionsSchema.parse(given ?? {});
  return {
    info: { id: "energy-vad", frameMs: (1000 * WINDOW_SAMPLES) / SPEECH_RATE_HZ },
    methods: {
      async frames(_params, io) {
        let seen = 0;
        for await (const window of toFrames(audioOf(io.input), WINDOW_SAMPLES, "pad")) {
          const meanSquare = window.reduce((sum, sample) => sum + sample * sample, 0) / WINDOW_SAMPLES;
          await io.emit({ atMs: (1000 * seen) / SPEECH_RATE_HZ, probability: meanSquare > energy ? 1 : 0 });
          seen += WINDOW_SAMPLES;
        }
        return {};
      },
    },
  };
}

async function* audioOf(input: AsyncIterable<unknown>): AsyncGenerator<Float32Array> {
  for await (const chunk of input) yield z.instanceof(Float32Array).parse(chunk);
}
