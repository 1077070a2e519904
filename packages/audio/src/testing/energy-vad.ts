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
  #pending: number[] = [];
  #speech: number[] = [];
  #startMs = 0;
  #seen = 0;
  #silent = 0;

  constructor(options: EnergyOptions) {
    this.#options = options;
  }

  *push(frame: Float32Array): Generator<VoiceActivityEvent> {
    for (const sample of frame) {
      this.#pending.push(sample);
      if (this.#pending.length < WINDOW_SAMPLES) continue;
      yield* this.#window(this.#pending);
      this.#pending = [];
    }
  }

  *end(): Generator<VoiceActivityEvent> {
    if (this.#pending.length > 0) yield* this.#window(this.#pending);
    if (this.#speech.length > 0) yield this.#close();
  }

  *#window(window: readonly number[]): Generator<VoiceActivityEvent> {
    const startMs = toMs(this.#seen);
    this.#seen += window.length;
    const loud = window.reduce((sum, sample) => sum + sample * sample, 0) / window.length > this.#options.energy;
    if (!loud && this.#speech.length === 0) return;
    if (this.#speech.length === 0) {
      this.#startMs = startMs;
      yield { type: "speech-start", atMs: startMs };
    }
    for (const sample of window) this.#speech.push(sample);
    this.#silent = loud ? 0 : this.#silent + window.length;
    if (toMs(this.#silent) >= this.#options.minSilenceMs) yield this.#close();
  }

  #close(): VoiceActivityEvent {
    const samples = Float32Array.from(this.#speech.slice(0, this.#speech.length - this.#silent));
    const silenceMs = toMs(this.#silent);
    this.#speech = [];
    this.#silent = 0;
    return {
      type: "speech-end",
      startMs: this.#startMs,
      endMs: this.#startMs + toMs(samples.length),
      silenceMs,
      samples,
    };
  }
}

function toMs(samples: number): number {
  return (samples / SPEECH_RATE_HZ) * 1000;
}
