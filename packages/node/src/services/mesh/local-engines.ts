/** This peer's engines as the mesh takes them: counted and measured, each with what it is and how far it reaches. */
import type { SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "@parley/audio/engines";
import type { LanguageModel } from "../../providers/language-model.ts";
import type { Capability, JobSize, Privacy, Reach, SpeedBook } from "../../routing/index.ts";
import { workMsOf } from "../../routing/directory.ts";
import { costsOf } from "../../routing/priors.ts";
import { sizeOf } from "../../routing/wish.ts";
import type { LocalEngine, UseOptions } from "./engines.ts";
import {
  countedVoiceFrames,
  countedWakeWord,
  measuredLanguageModel,
  measuredSpeechToText,
  measuredTextToSpeech,
  type MeasureOptions,
} from "./measured.ts";
import type { EngineFacts } from "./offers.ts";
import { Workload } from "./workload.ts";

/** What measures and counts all engines of a peer. */
export class Bench {
  readonly speeds: SpeedBook;
  readonly #nowMs: () => number;
  readonly #hardware: readonly string[];
  readonly #changed: () => void;
  readonly #workloads = new Map<Capability, Workload>();

  constructor(options: {
    readonly speeds: SpeedBook;
    readonly nowMs: () => number;
    readonly hardware: readonly string[];
    readonly changed: () => void;
  }) {
    this.speeds = options.speeds;
    this.#nowMs = options.nowMs;
    this.#hardware = options.hardware;
    this.#changed = options.changed;
  }

  workload(capability: Capability): Workload {
    let workload = this.#workloads.get(capability);
    if (workload === undefined) {
      const concurrency = CONCURRENCY[capability];
      workload = new Workload({ concurrency, nowMs: this.#nowMs, changed: this.#changed });
      this.#workloads.set(capability, workload);
    }
    return workload;
  }

  speechToText(stt: SpeechToText): SpeechToText {
    return measuredSpeechToText(stt, this.#options("stt"));
  }

  textToSpeech(tts: TextToSpeech): TextToSpeech {
    return measuredTextToSpeech(tts, this.#options("tts"));
  }

  languageModel(llm: LanguageModel): LanguageModel {
    return measuredLanguageModel(llm, this.#options("llm"));
  }

  voiceFrames(vad: VoiceFrames): VoiceFrames {
    return countedVoiceFrames(vad, this.#options("vad"));
  }

  wakeWord(wake: WakeWord): WakeWord {
    return countedWakeWord(wake, this.#options("wake"));
  }

  #options(capability: Capability): MeasureOptions {
    const workMs = (model: string, size: JobSize): number => {
      const speed = this.speeds.speed(capability, model);
      const costs = costsOf({ capability, speed, model, hardware: this.#hardware });
      return workMsOf(costs, sizeOf({ capability, size }));
    };
    return {
      workload: this.workload(capability),
      workMs,
      record: (model, measure) => this.speeds.record(capability, model, measure),
      nowMs: this.#nowMs,
    };
  }
}

/** Jobs that engines run at once: hearing, thinking and speaking take all of a processor, and what follows live sound next to none. */
const CONCURRENCY: Readonly<Record<Capability, number>> = { stt: 1, tts: 1, llm: 1, vad: 16, wake: 16 };

/** Where an engine comes from. */
export interface Source<Engine> {
  readonly ready: Engine | undefined;
  use(options: UseOptions): Promise<Engine>;
  /** Absent: it works on this host alone. */
  reach?(privacy: Privacy | undefined): Reach;
  factsOf(engine: Engine): EngineFacts;
}

/** An engine as the mesh takes it. */
export function localEngine<Engine>(
  source: Source<Engine>,
  { workload, isOffered }: { readonly workload: Workload; readonly isOffered: boolean },
): LocalEngine<Engine> {
  return {
    workload,
    isOffered,
    get ready() {
      return source.ready;
    },
    reach: (privacy) => source.reach?.(privacy) ?? "host",
    get facts() {
      const { ready } = source;
      return ready === undefined ? {} : source.factsOf(ready);
    },
    use: (options) => source.use(options),
  };
}
