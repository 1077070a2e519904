/** Test engine: "recognises" a scripted text after a fixed delay, whatever it hears. Never a default. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import type { Transcript } from "../engines/contracts.ts";
import type { Engine } from "../engines/module.ts";

const optionsSchema = z.object({
  delayMs: z.number().min(0).default(150),
  /** Given in turn, from the first again after the last. `{sound}` becomes how much was heard, and a sum over all of it. */
  texts: z.array(z.string()).min(1).default(["what time is it"]),
});

const paramsSchema = z.object({ samples: z.instanceof(Float32Array) });

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const { delayMs, texts } = optionsSchema.parse(given ?? {});
  let calls = 0;
  return {
    info: { id: "fixed-delay-stt", languages: ["en"] },
    methods: {
      async transcribe(params, io): Promise<Transcript> {
        const { samples } = paramsSchema.parse(params);
        const text = (texts[calls % texts.length] ?? "").replaceAll("{sound}", () => described(samples));
        calls += 1;
        await sleep(delayMs, undefined, { signal: io.signal });
        const audioMs = (samples.length / SPEECH_RATE_HZ) * 1000;
        return { text, language: "en", realTimeFactor: audioMs === 0 ? 0 : delayMs / audioMs };
      },
    },
  };
}

/** The same for the same sound only. */
function described(samples: Float32Array): string {
  let sum = 0;
  for (const [n, sample] of samples.entries()) sum = (sum * 31 + Math.round(sample * 32_767) + n) % 1_000_003;
  return `${samples.length} samples, ${Math.abs(sum)}`;
}
