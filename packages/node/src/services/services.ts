/** The services of one peer: hearing, thinking, speaking, and how far each has come. */
import { AudioError } from "@parley/audio";
import { chooseVoice, speechToText, textToSpeech, voiceFrames, wakeWord } from "@parley/audio/engines";
import type {
  JobRunner,
  SpeechToText,
  TextToSpeech,
  Voice,
  VoiceFrames,
  VoiceWish,
  WakeWord,
} from "@parley/audio/engines";
import {
  listen,
  type ListenEngines,
  type ListenEvent,
  type ListenOptions,
  type SpeakEvent,
  type SpeakOptions,
} from "@parley/audio/pipeline";
import type { SpeechOptions, WakeOptions } from "@parley/audio/turn";
import { hotWordsOf, type Config, type WakeInput } from "../config/index.ts";
import type { GenerateOptions, LanguageModel } from "../providers/language-model.ts";
import { languageModel } from "../providers/llama-cpp/index.ts";
import type { Arbitration } from "./arbitration/arbitration.ts";
import type { EngineSources } from "./engine-sources.ts";
import type { SupervisorEvent, SupervisorStatus } from "./engine-supervisor.ts";
import { LanguageService } from "./language.ts";
import { Admission } from "./admission.ts";
import { bounded } from "./limits.ts";
import { ModelEngine } from "./model-engine.ts";
import { serviceNames, type ServiceName, type Stage } from "./stage.ts";
import { wakeRulesOf } from "./wake-source.ts";
import { generationOf } from "./voice/generation.ts";
import { VoiceService, type SayOptions } from "./voice/voice-service.ts";

/** Options of {@link Services}. */
export interface ServicesOptions {
  readonly config: Config;
  /** Whether calls wait for downloads: yes in one process, no in a peer, which says how far they are. */
  readonly patient: boolean;
  readonly onStage?: (service: ServiceName, stage: Stage) => void;
  readonly onEngine?: (service: ServiceName, event: SupervisorEvent) => void;
  /** A sentence for people about a choice that was made. */
  readonly onNews?: (sentence: string) => void;
  readonly sources: EngineSources;
  /** Settles who answers to a wake word; alone when absent. */
  readonly arbitration?: Arbitration | undefined;
}

/** A service's stage and its engine's life. */
export interface ServiceStatus {
  readonly stage: Stage;
  readonly supervision: SupervisorStatus | undefined;
}

/** Everything a peer does with sound and words. */
export class Services {
  readonly config: Config;
  readonly language: LanguageService;
  readonly arbitration: Arbitration | undefined;
  /** How much is taken on at once. */
  readonly admission: Admission;
  readonly #vad: ModelEngine<VoiceFrames>;
  readonly #stt: ModelEngine<SpeechToText>;
  readonly #tts: ModelEngine<TextToSpeech>;
  readonly #voice: VoiceService;
  readonly #llm: ModelEngine<LanguageModel>;
  readonly #wake: ModelEngine<WakeWord> | undefined;

  constructor(options: ServicesOptions) {
    const { config } = options;
    this.config = config;
    this.arbitration = options.arbitration;
    const job = { most: config.limits.jobs, setting: "limits.jobs" };
    const talk = { most: config.limits.conversations, setting: "limits.conversations" };
    this.admission = new Admission({ ask: job, listen: job, say: job, talk });
    const engine = <T>(service: ServiceName, adapt: (runner: JobRunner) => T): ModelEngine<T> =>
      new ModelEngine<T>({
        service,
        source: options.sources[service],
        adapt,
        onStage: (stage) => options.onStage?.(service, stage),
        onEvent: (event) => options.onEngine?.(service, event),
        patient: options.patient,
      });
    this.#vad = engine("vad", voiceFrames);
    this.#stt = engine("stt", speechToText);
    this.#tts = engine("tts", textToSpeech);
    this.#llm = engine("llm", languageModel);
    this.#voice = new VoiceService({
      config,
      engine: this.#tts,
      generation: (name) => generationOf(config, name),
      warmsUp: !options.patient,
      onProblem: ({ message, nextStep }) => options.onNews?.(`${message}. ${nextStep}`),
    });
    const { wake } = options.sources;
    // It is nobody's service: who listens for words starts it, and hears how far it is by its own call.
    this.#wake =
      wake === undefined
        ? undefined
        : new ModelEngine<WakeWord>({
            service: "wake",
            source: wake,
            adapt: wakeWord,
            onStage: () => undefined,
            onEvent: () => undefined,
            patient: options.patient,
          });
    this.language = new LanguageService({
      provider: config.llm.provider,
      ollamaUrl: config.llm.ollama_url,
      ollamaModel: config.llm.ollama_model,
      embedded: this.#llm,
      onStage: (stage) => options.onStage?.("llm", stage),
      onNews: (sentence) => options.onNews?.(sentence),
    });
  }

  /** Brings services up in the background, the quickest first. Those that are not named come up when they are first needed. */
  start(names: readonly ServiceName[] = serviceNames): void {
    if (names.includes("vad")) this.#vad.start();
    if (names.includes("stt")) this.#stt.start();
    if (names.includes("llm")) this.language.start();
    if (names.includes("tts")) this.#tts.start();
  }

  /** Begins to bring up what a turn will need, so that its parts load side by side. */
  warm(needs: { readonly hear: boolean; readonly speak: boolean }): void {
    if (needs.hear) {
      this.#vad.start();
      this.#stt.start();
    }
    this.language.start();
    if (needs.speak) this.#tts.start();
  }

  /** The engines that hear, once ready. @throws AudioError as {@link ModelEngine.use}. */
  async ears(signal?: AbortSignal): Promise<ListenEngines> {
    const [vad, stt] = await Promise.all([this.#vad.use(signal), this.#stt.use(signal)]);
    return { vad, stt };
  }

  /** What counts as speech, and when it is over, from the configuration. */
  get speech(): SpeechOptions {
    const { sensitivity, silence_timeout_ms, min_speech_ms, max_speech_s } = this.config.vad;
    return {
      sensitivity,
      silenceTimeoutMs: silence_timeout_ms,
      minSpeechMs: min_speech_ms,
      maxSpeechMs: max_speech_s * 1000,
    };
  }

  /** Names and words that are likely: as asked for, else as configured. */
  hotWordsFor({ hotWords }: { readonly hotWords?: readonly string[] | undefined }): readonly string[] {
    return hotWords ?? hotWordsOf(this.config);
  }

  /**
   * What listens for the wake words of `input`, and when one counts as heard.
   * @throws AudioError as {@link ModelEngine.use}; `model-unknown` where none is set.
   */
  async wake(
    input: WakeInput,
    signal?: AbortSignal,
  ): Promise<{ readonly engine: WakeWord; readonly rules: WakeOptions }> {
    if (this.#wake === undefined) {
      throw new AudioError("model-missing", "this peer has no engine for wake words", { nextStep: "Use keys." });
    }
    const engine = await this.#wake.use(signal);
    return { engine, rules: wakeRulesOf(this.config, input) };
  }

  /** Whether an answer could begin now; `speak`: and be heard. */
  canAnswer({ speak }: { readonly speak: boolean }): boolean {
    const needed = [this.#vad.stage, this.#stt.stage, this.language.stage, ...(speak ? [this.#tts.stage] : [])];
    return needed.every(({ state }) => state === "ready");
  }

  /** The voice, once ready. @throws AudioError as {@link ModelEngine.use}. */
  voice(signal?: AbortSignal): Promise<TextToSpeech> {
    return this.#voice.use(signal);
  }

  /** The voices, the usual one first; none while the engine that has them is not ready. */
  get voices(): readonly Voice[] {
    return this.#tts.ready?.voices ?? [];
  }

  /** How answers are generated, from the configuration. */
  generation(signal: AbortSignal | undefined): GenerateOptions {
    const { max_tokens: maxTokens, temperature } = this.config.llm;
    return { maxTokens, temperature, ...(signal === undefined ? {} : { signal }) };
  }

  /** Who answers what is said in `language`. A voice that is named need not speak what is heard. */
  answeringVoice({ voice, language, speed }: SpeakOptions): VoiceWish & { readonly speed: number } {
    return this.#voice.mannerFor({ voice, speed, language: voice === undefined ? language : undefined });
  }

  /** The voice of `tts` for a conversation. @throws AudioError `input-refused` when none is as it is asked. */
  voiceIn(tts: TextToSpeech, asked: SpeakOptions): { readonly voice: string; readonly speed: number } {
    const manner = this.answeringVoice(asked);
    return { voice: chooseVoice(tts.voices, manner).name, speed: manner.speed };
  }

  /** Transcribes until the audio ends. @throws AudioError of the engines; `audio-too-long`; `engine-busy` of {@link Admission}. */
  listen(audio: AsyncIterable<Float32Array>, options: ListenOptions): AsyncGenerator<ListenEvent> {
    return this.admission.run("listen", () => this.#listen(audio, options));
  }

  async *#listen(audio: AsyncIterable<Float32Array>, options: ListenOptions): AsyncGenerator<ListenEvent> {
    const limitMs = this.config.limits.listen_minutes * 60_000;
    const engines = await this.ears(options.signal);
    yield* listen(bounded(audio, limitMs, "limits.listen_minutes"), engines, {
      ...options,
      hotWords: this.hotWordsFor(options),
      speech: options.speech ?? this.speech,
    });
  }

  /** Speaks `text`. @throws AudioError as {@link VoiceService.say}; `engine-busy` of {@link Admission}. */
  say(text: string, options: SayOptions): AsyncGenerator<SpeakEvent> {
    return this.admission.run("say", () => this.#voice.say(text, options));
  }

  /** How far each service is. */
  status(): Readonly<Record<ServiceName, ServiceStatus>> {
    return {
      vad: { stage: this.#vad.stage, supervision: this.#vad.supervision },
      stt: { stage: this.#stt.stage, supervision: this.#stt.supervision },
      tts: { stage: this.#tts.stage, supervision: this.#tts.supervision },
      llm: { stage: this.language.stage, supervision: this.#llm.supervision },
    };
  }

  /** Ends all engines. */
  async close(): Promise<void> {
    await Promise.all([
      this.#vad.close(),
      this.#stt.close(),
      this.#voice.close(),
      this.language.close(),
      this.#wake?.close(),
    ]);
  }
}
