/** Test engine: takes a tone for a wake word; the score is the tone's share of the sound. Exact on synthetic sound. Never a default. */
import { z } from "zod";
import { toFrames } from "../format/frames.ts";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import type { Engine } from "../engines/module.ts";

const STEP_MS = 80;
const STEP_SAMPLES = (SPEECH_RATE_HZ * STEP_MS) / 1000;
/** Mean square below which it is silence. */
const SILENCE = 1e-6;

const optionsSchema = z.object({
  word: z.string().default("beep"),
  toneHz: z.number().positive().default(1000),
});

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const { word, toneHz } = optionsSchema.parse(given ?? {});
  return {
    info: { id: "tone-wake", words: [word], stepMs: STEP_MS },
    methods: {
      async scores(_params, io) {
        let steps = 0;
        for await (const block of toFrames(audioOf(io.input), STEP_SAMPLES, "pad")) {
          steps += 1;
          await io.emit({ atMs: steps * STEP_MS, scores: { [word]: toneShare(block, toneHz) } });
        }
        return {};
      },
    },
  };
}

/** How much of the energy is at that frequency, 0 to 1; the block must hold whole periods. */
function toneShare(block: Float32Array, toneHz: number): number {
  const step = (2 * Math.PI * toneHz) / SPEECH_RATE_HZ;
  let [real, imaginary, energy] = [0, 0, 0];
  for (const [index, sample] of block.entries()) {
    real += sample * Math.cos(step * index);
    imaginary += sample * Math.sin(step * index);
    energy += sample * sample;
  }
  if (energy / block.length < SILENCE) return 0;
  return Math.min(1, (2 * (real * real + imaginary * imaginary)) / (block.length * energy));
}

async function* audioOf(input: AsyncIterable<unknown>): AsyncGenerator<Float32Array> {
  for await (const chunk of input) yield z.instanceof(Float32Array).parse(chunk);
}
