/** Test engine: takes whatever is loud for speech. Exact on synthetic sound. Never a default. */
import { z } from "zod";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import type { VoiceActivityEvent } from "../engines/contracts.ts";
import type { Engine } from "../engines/module.ts";

const WINDOW_SAMPLES = 160;

const optionsSchema = z.object({
  /** Mean square of a window above which it is speech. */
  energy: z.number().positive().default(1e-4),
  minSilenceMs: z.number().positive().default(300),
});

type EnergyOptions = z.infer<typeof optionsSchema>;

/** See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = optionsSchema.parse(given ?? {});
  return {
    info: { id: "energy-vad" },
    methods: {
      async detect(_params, io) {
        const stream = new EnergyStream(options);
        for await (const frame of io.input) {
          for (const event of stream.push(z.instanceof(Float32Array).parse(frame))) await io.emit(event);
        }
        for (const event of stream.end()) await io.emit(event);
        return {};
      },
    },
  };
}

class EnergyStream {
  readonly #options: EnergyOptions;
  /** Sum of squares in the window that is being filled. */
  #sum = 0;
  #filled = 0;
  #seen = 0;
  #startMs: number | undefined;
  #silent = 0;

  constructor(options: EnergyOptions) {
    this.#options = options;
  }

  *push(frame: Float32Array): Generator<VoiceActivityEvent> {
    for (const sample of frame) {
      this.#sum += sample * sample;
      this.#filled += 1;
      if (this.#filled === WINDOW_SAMPLES) yield* this.#window();
    }
  }

  *end(): Generator<VoiceActivityEvent> {
    if (this.#filled > 0) yield* this.#window();
    if (this.#startMs !== undefined) yield this.#close(this.#startMs);
  }

  *#window(): Generator<VoiceActivityEvent> {
    const isLoud = this.#sum / this.#filled > this.#options.energy;
    const atMs = toMs(this.#seen);
    this.#seen += this.#filled;
    this.#silent = isLoud ? 0 : this.#silent + this.#filled;
    this.#sum = 0;
    this.#filled = 0;
    if (this.#startMs === undefined) {
      if (!isLoud) return;
      this.#startMs = atMs;
      yield { type: "speech-start", atMs };
    }
    if (toMs(this.#silent) >= this.#options.minSilenceMs) yield this.#close(this.#startMs);
  }

  #close(startMs: number): VoiceActivityEvent {
    const silenceMs = toMs(this.#silent);
    this.#startMs = undefined;
    this.#silent = 0;
    return { type: "speech-end", startMs, endMs: toMs(this.#seen) - silenceMs, silenceMs };
  }
}

function toMs(samples: number): number {
  return (samples / SPEECH_RATE_HZ) * 1000;
}
