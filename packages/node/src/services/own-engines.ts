/** The engines of this very peer: what brings each of them up, and each as the house takes it. */
import { speechToText, textToSpeech, voiceFrames, wakeWord } from "@parley/audio/engines";
import type { JobRunner, SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "@parley/audio/engines";
import type { Config } from "../config/index.ts";
import type { LanguageModel } from "../providers/language-model.ts";
import { languageModel } from "../providers/llama-cpp/index.ts";
import type { Capability } from "../routing/index.ts";
import type { EngineSources } from "./engine-sources.ts";
import type { SupervisorEvent } from "./engine-supervisor.ts";
import { GivenEngine, type GivenEngineOf, type GivenEngineOptions, type GivenEngines } from "./given-engine.ts";
import {
  guardedLanguageModel,
  guardedSpeechToText,
  guardedTextToSpeech,
  guardedVoiceFrames,
  guardedWakeWord,
} from "./guarded-engines.ts";
import { LanguageService } from "./language.ts";
import type { LocalEngine, LocalEngines } from "./mesh/engines.ts";
import { localEngine, type Bench, type Source } from "./mesh/local-engines.ts";
import { reachOf } from "./mesh/reach.ts";
import { ModelEngine, type ServiceEngine } from "./model-engine.ts";
import { servicesFor } from "./roles.ts";
import type { EngineName, ServiceName, Stage } from "./stage.ts";
import { generationOf } from "./voice/generation.ts";
import { VoiceService, type VoiceServiceOptions } from "./voice/voice-service.ts";

export interface OwnEnginesOptions {
  readonly config: Config;
  readonly sources: EngineSources;
  /** Parts of the program that take the place of sources. */
  readonly given: GivenEngines;
  readonly patient: boolean;
  readonly bench: Bench;
  readonly speaker: NonNullable<VoiceServiceOptions["speaker"]>;
  readonly onStage: (service: ServiceName, stage: Stage) => void;
  readonly onEngine: (service: ServiceName, event: SupervisorEvent) => void;
  readonly onNews: (sentence: string) => void;
  /** An engine has come up, or is another one now. */
  readonly onReady: () => void;
}

export class OwnEngines {
  readonly vad: ServiceEngine<VoiceFrames>;
  readonly stt: ServiceEngine<SpeechToText>;
  readonly tts: ServiceEngine<TextToSpeech>;
  readonly llm: ServiceEngine<LanguageModel>;
  readonly wake: ServiceEngine<WakeWord> | undefined;
  readonly voice: VoiceService;
  readonly language: LanguageService;
  /** As the house takes them. */
  readonly local: LocalEngines;
  /** This peer's voice where what it says may be kept on disk. */
  readonly keptVoice: LocalEngine<TextToSpeech>;
  readonly #options: OwnEnginesOptions;

  constructor(options: OwnEnginesOptions) {
    this.#options = options;
    const { config, sources, given, bench } = options;
    this.vad =
      this.#givenEngine("vad", given.vad, (own, guard) => bench.voiceFrames(guardedVoiceFrames(own, guard))) ??
      this.#engine("vad", (runner) => bench.voiceFrames(voiceFrames(runner)));
    this.stt =
      this.#givenEngine("stt", given.stt, (own, guard) => bench.speechToText(guardedSpeechToText(own, guard))) ??
      this.#engine("stt", (runner) => bench.speechToText(speechToText(runner)));
    this.tts =
      this.#givenEngine("tts", given.tts, (own, guard) => bench.textToSpeech(guardedTextToSpeech(own, guard))) ??
      this.#engine("tts", (runner) => bench.textToSpeech(textToSpeech(runner)));
    this.llm = this.#givenEngine("llm", given.llm, guardedLanguageModel) ?? this.#engine("llm", languageModel);
    this.wake =
      this.#givenEngine("wake", given.wake, (own, guard) => bench.wakeWord(guardedWakeWord(own, guard))) ??
      (sources.wake === undefined ? undefined : this.#wakeEngine(sources.wake));
    this.voice = new VoiceService({
      config,
      engine: this.tts,
      speaker: options.speaker,
      generation: (name) => generationOf(config, name),
      warmsUp: !options.patient,
      onProblem: ({ message, nextStep }) => options.onNews(`${message}. ${nextStep}`),
    });
    this.language = new LanguageService({
      // A program that brings its own means that one.
      provider: given.llm === undefined ? config.llm.provider : "embedded",
      ollamaUrl: config.llm.ollama_url,
      ollamaModel: config.llm.ollama_model,
      embedded: this.llm,
      onStage: (stage) => this.#staged("llm", stage),
      onNews: options.onNews,
    });
    this.local = this.#locals();
    this.keptVoice = this.#local("tts", this.#voiceSource(true));
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    const { vad, stt, voice, language, wake } = this;
    await Promise.all([vad.close(), stt.close(), voice.close(), language.close(), wake?.close()]);
  }

  #engine<T>(service: ServiceName, adapt: (runner: JobRunner) => T): ModelEngine<T> {
    return new ModelEngine<T>({
      service,
      source: this.#options.sources[service],
      adapt,
      onStage: (stage) => this.#staged(service, stage),
      onEvent: (event) => this.#options.onEngine(service, event),
      patient: this.#options.patient,
    });
  }

  #givenEngine<T extends { readonly id: string }>(
    service: EngineName,
    given: GivenEngineOf<T> | undefined,
    guarded: GivenEngineOptions<T>["guarded"],
  ): ServiceEngine<T> | undefined {
    if (given === undefined) return undefined;
    return new GivenEngine<T>({
      service,
      given,
      guarded,
      onStage: (stage) => (service === "wake" ? this.#options.onReady() : this.#staged(service, stage)),
      onDefect: (error) => {
        if (service !== "wake") this.#options.onEngine(service, { type: "exited", reason: "failed", error });
      },
    });
  }

  /** It is nobody's service: who listens for words starts it, and hears how far it is by its own call. */
  #wakeEngine(source: NonNullable<EngineSources["wake"]>): ModelEngine<WakeWord> {
    return new ModelEngine<WakeWord>({
      service: "wake",
      source,
      adapt: (runner) => this.#options.bench.wakeWord(wakeWord(runner)),
      onStage: () => this.#options.onReady(),
      onEvent: () => undefined,
      patient: this.#options.patient,
    });
  }

  #staged(service: EngineName & ServiceName, stage: Stage): void {
    this.#options.onStage(service, stage);
    this.#options.onReady();
  }

  #locals(): LocalEngines {
    const { config, given } = this.#options;
    const { stt } = config;
    const { vad, wake } = this;
    const isRemote = stt.provider === "remote" && given.stt === undefined;
    return {
      vad: this.#local("vad", sourceOf(vad, { factsOf: ({ frameMs }) => ({ frameMs }) })),
      stt: this.#local("stt", sourceOf(this.stt, { server: isRemote ? stt.remote_url : undefined })),
      tts: this.#local("tts", this.#voiceSource(false)),
      llm: this.#local("llm", this.#thinkingSource()),
      wake:
        wake === undefined
          ? undefined
          : this.#local("wake", sourceOf(wake, { factsOf: ({ words, stepMs }) => ({ words, stepMs }) })),
    };
  }

  #local<Engine>(kind: Capability, source: Source<Engine>): LocalEngine<Engine> {
    const offered = servicesFor(this.#options.config);
    // Who hears for others listens for their words as well.
    const isOffered = offered.includes(kind === "wake" ? "stt" : kind);
    return localEngine(source, { workload: this.#options.bench.workload(kind), isOffered });
  }

  #voiceSource(keep: boolean): Source<TextToSpeech> {
    const { config, given } = this.#options;
    const { voice } = config;
    const isRemote = voice.provider === "remote" && given.tts === undefined;
    return sourceOf(this.tts, {
      server: isRemote ? voice.remote_url : undefined,
      use: ({ signal }) => this.voice.use(signal, keep),
      factsOf: ({ id, sampleRateHz }) => ({ sampleRateHz, version: generationOf(this.#options.config, id) }),
    });
  }

  /** Whoever thinks now: an Ollama server, or the embedded model. */
  #thinkingSource(): Source<LanguageModel> {
    const { bench } = this.#options;
    const { language } = this;
    let known: LanguageModel | undefined;
    const named = (id: string): LanguageModel => {
      if (known?.id === id) return known;
      known = bench.languageModel({ id, generate: (messages, how) => language.generate(messages, how) });
      return known;
    };
    return {
      get ready() {
        const { stage } = language;
        return stage.state === "ready" ? named(stage.model) : undefined;
      },
      use: async ({ privacy }) => {
        const { stage } = language;
        const id = stage.state === "ready" ? stage.model : "";
        if (privacy === undefined) return named(id);
        return bench.languageModel({
          id,
          generate: (messages, how) => language.generate(messages, { ...how, privacy }),
        });
      },
      reach: (privacy) => language.reach(privacy),
      factsOf: () => ({}),
    };
  }
}

interface About<Engine> {
  /** Where the engine's work is done, if it is done there. */
  readonly server?: string | undefined;
  readonly use?: Source<Engine>["use"];
  readonly factsOf?: Source<Engine>["factsOf"];
}

function sourceOf<Engine>(engine: ServiceEngine<Engine>, { server, use, factsOf }: About<Engine>): Source<Engine> {
  return {
    get ready() {
      return engine.ready;
    },
    use: use ?? (({ signal }) => engine.use(signal)),
    reach: () => (server === undefined ? "host" : reachOf(server)),
    factsOf: factsOf ?? (() => ({})),
  };
}
