/** Test engine: understands a language of tones, after a fixed delay. Never a default. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import type { Transcript } from "../engines/contracts.ts";
import type { Engine } from "../engines/module.ts";
import { heardInTones } from "./tone-words.ts";

const optionsSchema = z.object({
  delayMs: z.number().min(0).default(150),
  /** The language. */
  words: z.array(z.string().min(1)).min(1),
});

const paramsSchema = z.object({ samples: z.instanceof(Float32Array) });

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const { delayMs, words } = optionsSchema.parse(given);
  return {
    info: { id: "tone-stt", languages: ["en"] },
    methods: {
      async transcribe(params, io): Promise<Transcript> {
        const { samples } = paramsSchema.parse(params);
        const text = heardInTones(samples, words);
        await sleep(delayMs, undefined, { signal: io.signal });
        const audioMs = (samples.length / SPEECH_RATE_HZ) * 1000;
        return { text, language: "en", realTimeFactor: audioMs === 0 ? 0 : delayMs / audioMs };
      },
    },
  };
}
