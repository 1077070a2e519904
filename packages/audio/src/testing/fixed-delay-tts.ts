/** Test engine: "speaks" a sine as long as the text deserves, after a fixed delay. Never a default. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import type { Engine } from "../engines/module.ts";

const SAMPLE_RATE_HZ = 24_000;
const TONE_HZ = 220;
const MS_PER_CHARACTER = 60;
const CHUNK_SAMPLES = SAMPLE_RATE_HZ / 5;

const optionsSchema = z.object({
  delayMs: z.number().min(0).default(100),
  /** Between chunks. */
  chunkMs: z.number().min(0).default(0),
  voices: z
    .array(z.object({ name: z.string(), language: z.string() }))
    .min(1)
    .default([{ name: "tone", language: "en" }]),
});
const paramsSchema = z.object({ text: z.string(), voice: z.string().optional(), speed: z.number().default(1) });

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const { delayMs, chunkMs, voices } = optionsSchema.parse(given ?? {});
  return {
    info: { id: "fixed-delay-tts", sampleRateHz: SAMPLE_RATE_HZ, voices },
    methods: {
      async synthesize(params, io) {
        const { text, speed } = paramsSchema.parse(params);
        await sleep(delayMs, undefined, { signal: io.signal });
        const tone = sine(((text.length * MS_PER_CHARACTER) / 1000 / speed) * SAMPLE_RATE_HZ);
        for (let at = 0; at < tone.length; at += CHUNK_SAMPLES) {
          await io.emit(tone.slice(at, at + CHUNK_SAMPLES));
          if (chunkMs > 0) await sleep(chunkMs, undefined, { signal: io.signal });
        }
        return {};
      },
    },
  };
}

function sine(samples: number): Float32Array {
  const step = (2 * Math.PI * TONE_HZ) / SAMPLE_RATE_HZ;
  return Float32Array.from({ length: Math.round(samples) }, (_, index) => 0.3 * Math.sin(step * index));
}
