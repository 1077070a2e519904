/** The services of one peer: hearing, thinking, speaking, and how far each has come. */
import { chooseVoice } from "@parley/audio/engines";
import type { TextToSpeech, Voice, VoiceWish, WakeWord } from "@parley/audio/engines";
import {
  listen,
  type ListenEngines,
  type ListenEvent,
  type ListenOptions,
  type SpeakEvent,
  type SpeakOptions,
} from "@parley/audio/pipeline";
import type { SpeechOptions, WakeOptions } from "@parley/audio/turn";
import { hotWordsOf, wakeWordsOf, type Config, type WakeInput } from "../config/index.ts";
import type { Tool } from "../assistant/tools/tool.ts";
import type { ChatMessage, GenerateOptions } from "../providers/language-model.ts";
import { newRounds } from "../providers/rounds.ts";
import { SpeedBook, type Capability, type Privacy } from "../routing/index.ts";
import { Admission } from "./admission.ts";
import type { Arbitration } from "./arbitration/arbitration.ts";
import type { EngineSources } from "./engine-sources.ts";
import type { SupervisorEvent, SupervisorStatus } from "./engine-supervisor.ts";
import type { GivenEngines } from "./given-engine.ts";
import type { LanguageService } from "./language.ts";
import { bounded } from "./limits.ts";
import { HouseEngines, type HouseCluster } from "./mesh/house-engines.ts";
import { Bench } from "./mesh/local-engines.ts";
import type { Machine } from "./mesh/offer/own-offers.ts";
import type { TreeOptions } from "./mesh/offer/tree.ts";
import type { Ask, Moved } from "./mesh/routed/placing.ts";
import { TurnMeter } from "./load/turn-meter.ts";
import type { RoutingView } from "./mesh/routing-view.ts";
import { OwnEngines } from "./own-engines.ts";
import { serviceNames, type ServiceName, type Stage } from "./stage.ts";
import { wakeRulesOf } from "./wake-source.ts";
import type { SayOptions } from "./voice/voice-service.ts";

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
  /** Engines and tools of the program that the peer is embedded in. */
  readonly given?: GivenEngines | undefined;
  readonly tools?: readonly Tool[] | undefined;
  /** Settles who answers to a wake word; alone when absent. */
  readonly arbitration?: Arbitration | undefined;
  /** This peer's id, for the house; one that is never in any needs none. */
  readonly peer?: string | undefined;
  /** What the machine is good for, for the house. */
  readonly machine?: Machine | undefined;
  /** Work was moved to another engine. */
  readonly onMoved?: ((moved: Moved) => void) | undefined;
  /** The owner's policy of who does what cannot be read. */
  readonly onBadPolicy?: ((problems: readonly string[]) => void) | undefined;
  /** A turn has ended; must not throw. */
  readonly onTurn?: ((turn: TurnReport) => void) | undefined;
}

/** What was asked and answered, as far as it was. */
export interface TurnReport {
  readonly kind: "ask" | "talk";
  readonly question: string;
  /** What was shown, or heard. */
  readonly answer: string;
  readonly isComplete: boolean;
}

/** A service's stage and its engine's life, both of this peer's own; and who else in the house does the same. */
export interface ServiceStatus {
  readonly stage: Stage;
  readonly supervision: SupervisorStatus | undefined;
  readonly elsewhere: readonly { readonly peer: string; readonly name: string; readonly model: string }[];
}

/** Everything a peer does with sound and words. */
export class Services {
  readonly config: Config;
  readonly arbitration: Arbitration | undefined;
  /** How much is taken on at once. */
  readonly admission: Admission;
  /** What models may use beside the house's own. */
  readonly tools: readonly Tool[];
  /** Told of turns as they end. */
  readonly onTurn: (turn: TurnReport) => void;
  /** How soon turns of late began to be heard. */
  readonly turns = new TurnMeter();
  readonly #own: OwnEngines;
  readonly #house: HouseEngines;
  #leaveHouse: (() => void) | undefined;
  #isBuilt = false;

  constructor(options: ServicesOptions) {
    const { config, machine = { hardware: [], power: "unknown" } } = options;
    this.config = config;
    this.arbitration = options.arbitration;
    this.tools = options.tools ?? [];
    this.onTurn = options.onTurn ?? (() => undefined);
    const job = { most: config.limits.jobs, setting: "limits.jobs" };
    const talk = { most: config.limits.conversations, setting: "limits.conversations" };
    this.admission = new Admission({ ask: job, listen: job, say: job, talk });
    const changed = (): void => this.#changed();
    const nowMs = (): number => performance.now();
    const bench = new Bench({ speeds: new SpeedBook(), nowMs, hardware: machine.hardware, changed });
    this.#own = new OwnEngines({
      config,
      sources: options.sources,
      given: options.given ?? {},
      patient: options.patient,
      bench,
      speaker: ({ signal, keep, privacy }) =>
        this.#house.textToSpeech({ privacy }, signal, keep ? this.#own.keptVoice : undefined),
      onStage: (service, stage) => options.onStage?.(service, stage),
      onEngine: (service, event) => options.onEngine?.(service, event),
      onNews: (sentence) => options.onNews?.(sentence),
      onReady: changed,
    });
    const { onMoved, onBadPolicy, peer = "self" } = options;
    const { local: engines } = this.#own;
    const privacy = privacyOf(config);
    this.#house = new HouseEngines({
      peer,
      name: config.name,
      machine,
      engines,
      bench,
      privacy,
      onMoved,
      onBadPolicy,
      random: Math.random,
    });
    this.#isBuilt = true;
  }

  /** Shares the work with the peers of `cluster`, until the result is called. `beside`: services that are no engines. */
  share(cluster: HouseCluster, beside?: TreeOptions["beside"]): () => void {
    this.#leaveHouse = this.#house.join(cluster, beside);
    return () => this.#leaveHouse?.();
  }

  /** Gives nothing to others from now on, and has them do this peer's own clients' work where they can; `false`: as before. */
  withdraw(isWithdrawn: boolean): void {
    this.#house.house.withdraw(isWithdrawn);
  }

  /** Jobs of this peer's engines that hear, think and speak, for whomever: those that run, and those that wait. */
  get jobs(): number {
    const own = this.routing.list().filter(({ isHere, capability }) => isHere && capability in SLOW);
    return own.reduce((sum, { running, queued }) => sum + running + queued, 0);
  }

  /** Who of the house does what, for people who look. */
  get routing(): RoutingView {
    return this.#house.view;
  }

  /** What thinks at this peer itself. */
  get language(): LanguageService {
    return this.#own.language;
  }

  /** Brings services up in the background, the quickest first. Those that are not named come up when they are first needed. */
  start(names: readonly ServiceName[] = serviceNames): void {
    const { vad, stt, tts, language } = this.#own;
    if (names.includes("vad")) vad.start();
    if (names.includes("stt")) stt.start();
    if (names.includes("llm")) language.start();
    if (names.includes("tts")) tts.start();
  }

  /** Begins to bring up what a turn will need and nobody else has, so that its parts load side by side. */
  warm(needs: { readonly hear: boolean; readonly speak: boolean }): void {
    const needed = serviceNames.filter((name) => name === "llm" || (name === "tts" ? needs.speak : needs.hear));
    this.start(needed.filter((name) => this.#house.wantsOwn(name)));
  }

  /** The engines that hear, once ready. @throws AudioError as {@link ServiceEngine.use}. */
  async ears(signal?: AbortSignal, ask: Ask = {}): Promise<ListenEngines> {
    const [vad, stt] = await Promise.all([
      this.#house.voiceFrames({ privacy: ask.privacy }, signal),
      this.#house.speechToText(ask, signal),
    ]);
    return { vad, stt };
  }

  /** The assistant's next turn, written by whoever thinks best. @throws PeerError `provider-failed`; AudioError of the engines */
  think(messages: readonly ChatMessage[], options: GenerateOptions, ask: Ask = {}): AsyncIterable<string> {
    return this.#house.languageModel(ask).generate(messages, options);
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
   * @throws AudioError as {@link ServiceEngine.use}; `model-unknown` where none is set.
   */
  async wake(
    input: WakeInput,
    signal?: AbortSignal,
    ask: Ask = {},
  ): Promise<{ readonly engine: WakeWord; readonly rules: WakeOptions }> {
    const rules = wakeRulesOf(this.config, input);
    const words = wakeWordsOf(this.config, input).map(({ word }) => word);
    return { engine: await this.#house.wakeWord(ask, words, signal), rules };
  }

  /** Whether an answer could begin now, here or elsewhere in the house; `speak`: and be heard. */
  canAnswer({ speak }: { readonly speak: boolean }): boolean {
    const status = this.status();
    const needed = serviceNames.filter((name) => speak || name !== "tts");
    return needed.every((name) => status[name].stage.state === "ready" || status[name].elsewhere.length > 0);
  }

  /** The voice, once ready. @throws AudioError as {@link ServiceEngine.use}. */
  voice(signal?: AbortSignal, ask: Ask = {}): Promise<TextToSpeech> {
    return this.#house.textToSpeech(ask, signal);
  }

  /** The voices of the house, the usual one first; none while no engine that has any is ready. */
  get voices(): readonly Voice[] {
    return this.#house.voices;
  }

  /** Those that this peer speaks with itself. */
  get ownVoices(): readonly Voice[] {
    return this.#own.tts.ready?.voices ?? [];
  }

  /** How answers are generated, from the configuration. */
  generation(signal: AbortSignal | undefined): GenerateOptions {
    const { max_tokens: maxTokens, temperature } = this.config.llm;
    return { maxTokens, temperature, rounds: newRounds(), ...(signal === undefined ? {} : { signal }) };
  }

  /** Who answers what is said in `language`. A voice that is named need not speak what is heard. */
  answeringVoice({ voice, language, speed }: SpeakOptions): VoiceWish & { readonly speed: number } {
    return this.#own.voice.mannerFor({ voice, speed, language: voice === undefined ? language : undefined });
  }

  /** The voice of `tts` for a conversation. @throws AudioError `input-refused` when none is as it is asked. */
  voiceIn(tts: TextToSpeech, asked: SpeakOptions): { readonly voice: string; readonly speed: number } {
    const manner = this.answeringVoice(asked);
    return { voice: chooseVoice(tts.voices, manner).name, speed: manner.speed };
  }

  /** Transcribes until the audio ends. @throws AudioError of the engines; `audio-too-long`; `engine-busy` of {@link Admission}. */
  listen(audio: AsyncIterable<Float32Array>, options: ListenOptions, ask: Ask = {}): AsyncGenerator<ListenEvent> {
    return this.admission.run("listen", () => this.#listen(audio, options, ask));
  }

  async *#listen(audio: AsyncIterable<Float32Array>, options: ListenOptions, ask: Ask): AsyncGenerator<ListenEvent> {
    const limitMs = this.config.limits.listen_minutes * 60_000;
    const engines = await this.ears(options.signal, ask);
    yield* listen(bounded(audio, limitMs, "limits.listen_minutes"), engines, {
      ...options,
      hotWords: this.hotWordsFor(options),
      speech: options.speech ?? this.speech,
    });
  }

  /** Speaks `text`. @throws AudioError as {@link VoiceService.say}; `engine-busy` of {@link Admission}. */
  say(text: string, options: SayOptions): AsyncGenerator<SpeakEvent> {
    return this.admission.run("say", () => this.#own.voice.say(text, options));
  }

  /** How far each service is. */
  status(): Readonly<Record<ServiceName, ServiceStatus>> {
    const { vad, stt, tts, llm, language } = this.#own;
    return {
      vad: { stage: vad.stage, supervision: vad.supervision, elsewhere: this.#elsewhere("vad") },
      stt: { stage: stt.stage, supervision: stt.supervision, elsewhere: this.#elsewhere("stt") },
      tts: { stage: tts.stage, supervision: tts.supervision, elsewhere: this.#elsewhere("tts") },
      llm: { stage: language.stage, supervision: llm.supervision, elsewhere: this.#elsewhere("llm") },
    };
  }

  /** Ends all engines. */
  async close(): Promise<void> {
    this.#leaveHouse?.();
    await this.#own.close();
  }

  #elsewhere(name: ServiceName): ServiceStatus["elsewhere"] {
    return this.#house
      .elsewhere(name)
      .map(({ advert: { peer, name: called, model } }) => ({ peer, name: called, model }));
  }

  /** Stages change while this is being put together. */
  #changed(): void {
    if (this.#isBuilt) this.#house.house.refresh();
  }
}

/** What has an end. What follows live sound goes on as long as that. */
const SLOW: Readonly<Partial<Record<Capability, true>>> = { stt: true, llm: true, tts: true };

/** What the configuration keeps at home. Who speaks when is found by whoever may hear what is said. */
function privacyOf({ privacy }: Config): Readonly<Partial<Record<Capability, Privacy>>> {
  const { stt, tts, llm, wake } = privacy;
  const all = Object.entries({ stt, vad: stt, tts, llm, wake });
  return Object.fromEntries(all.filter(([, farthest]) => farthest !== "any"));
}
