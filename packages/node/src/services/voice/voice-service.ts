/** The service that speaks: which voice, from the engine or from what was kept of it. */
import type { AudioError } from "@parley/audio";
import { chooseVoice, type TextToSpeech, type VoiceWish } from "@parley/audio/engines";
import { cachedTts, openPhraseDisk, readSsml, speak, speakSsml } from "@parley/audio/pipeline";
import type { CachedTts, SpeakEvent, SpeakOptions } from "@parley/audio/pipeline";
import { homePaths, type Config } from "../../config/index.ts";
import type { Privacy } from "../../routing/index.ts";
import type { ServiceEngine } from "../model-engine.ts";
import { fixedPhrasesOf, isFixedPhrase } from "./fixed-phrases.ts";
import { IdleWork } from "./idle-work.ts";

/** Options of {@link VoiceService}. */
export interface VoiceServiceOptions {
  readonly config: Config;
  readonly engine: ServiceEngine<TextToSpeech>;
  /** Who speaks for clients; this voice ({@link VoiceService.use}) when absent. */
  readonly speaker?: (asked: Speaker) => Promise<TextToSpeech>;
  /** What tells one state of a model and its engine from another. */
  readonly generation: (engine: string) => string;
  /** Whether phrases are made before anybody asks: in a peer, which has time, not in a command. */
  readonly warmsUp: boolean;
  /** The cache of phrases cannot be written or read; told once, until it can be again. */
  readonly onProblem: (problem: AudioError) => void;
  /** How long nobody must have spoken before phrases are made; 20,000 when absent. */
  readonly idleMs?: number | undefined;
}

/** Who is asked to speak. */
export interface Speaker {
  readonly signal: AbortSignal | undefined;
  /** What is said may be kept on disk. */
  readonly keep: boolean;
  readonly privacy: Privacy | undefined;
}

/** What is asked of {@link VoiceService.say}. */
export interface SayOptions extends SpeakOptions {
  /** Absent: as configured. */
  readonly privacy?: Privacy | undefined;
  readonly format?: "text" | "ssml" | undefined;
  /** The text is the same for everybody: its sound may be kept on disk. */
  readonly keep?: boolean | undefined;
}

const BYTES_PER_MIB = 1 << 20;
/** About three minutes at 24 kHz. */
const MEMORY_MIB = 16;
const IDLE_MS = 20_000;

/** The voice of a peer. */
export class VoiceService {
  readonly #options: VoiceServiceOptions;
  readonly #idle: IdleWork;
  #cached: { readonly engine: TextToSpeech; readonly voice: Promise<KeepingVoice> } | undefined;

  constructor(options: VoiceServiceOptions) {
    this.#options = options;
    this.#idle = new IdleWork(options.idleMs ?? IDLE_MS, (signal) => this.#warmUp(signal));
  }

  /** This peer's own voice, once ready. @throws AudioError as {@link ServiceEngine.use}. */
  async use(signal?: AbortSignal, keep = false): Promise<TextToSpeech> {
    const { spoken, kept } = await this.#keeping(signal);
    return keep ? kept : spoken;
  }

  /** Who speaks and how fast: as asked for, else as configured. */
  mannerFor(asked: SpeakOptions): VoiceWish & { readonly speed: number } {
    const { config } = this.#options;
    return { ...wishOf(config, asked), speed: asked.speed ?? config.voice.speed };
  }

  /** Speaks `text`. @throws AudioError of the voice; `input-refused` for SSML that is none, and for a voice that is not there. */
  async *say(
    text: string,
    { format = "text", keep = false, privacy, ...options }: SayOptions,
  ): AsyncGenerator<SpeakEvent> {
    // Refused at once, not when a model has come up.
    if (format === "ssml") readSsml(text);
    const { speaker } = this.#options;
    const { signal } = options;
    const tts = await (speaker === undefined ? this.use(signal, keep) : speaker({ signal, keep, privacy }));
    const { soFar } = options;
    const how = { signal, soFar, ...this.mannerFor(options) };
    if (format === "ssml") yield* speakSsml(text, tts, how);
    else yield* speak(once(text), tts, how);
  }

  /** Ends the engine. */
  async close(): Promise<void> {
    await this.#idle.close();
    await this.#options.engine.close();
  }

  async #keeping(signal: AbortSignal | undefined): Promise<KeepingVoice> {
    const engine = await this.#options.engine.use(signal);
    if (this.#cached?.engine !== engine) this.#cached = { engine, voice: this.#keepingOf(engine) };
    return this.#cached.voice;
  }

  async #keepingOf(engine: TextToSpeech): Promise<KeepingVoice> {
    const { config, generation, onProblem, warmsUp } = this.#options;
    const mib = config.voice.cache_mib;
    if (mib === 0) return { spoken: engine, kept: engine, cached: undefined };
    const version = generation(engine.id);
    const disk = await openPhraseDisk({
      folder: homePaths(config.home).phrases,
      generation: `${engine.id} ${version}`,
      maxBytes: mib * BYTES_PER_MIB,
      onProblem,
    });
    const maxBytes = Math.min(mib, MEMORY_MIB) * BYTES_PER_MIB;
    const cached = cachedTts(engine, { version, disk, maxBytes, isFixed: isFixedPhrase });
    if (!warmsUp) return { spoken: cached, kept: cached.fixed, cached };
    return { spoken: this.#watched(cached), kept: this.#watched(cached.fixed), cached };
  }

  /** `tts`; while it speaks nothing is made in advance. */
  #watched(tts: TextToSpeech): TextToSpeech {
    const idle = this.#idle;
    idle.rest();
    return {
      id: tts.id,
      sampleRateHz: tts.sampleRateHz,
      voices: tts.voices,
      async *synthesize(text, how) {
        const done = idle.busy();
        try {
          yield* tts.synthesize(text, how);
        } finally {
          done();
        }
      },
    };
  }

  /** Makes the fixed phrases that are not kept yet, in the voice that is configured. */
  async #warmUp(signal: AbortSignal): Promise<void> {
    const { cached } = (await this.#cached?.voice) ?? {};
    if (cached === undefined) return;
    const { speed, ...wish } = this.mannerFor({});
    const voice = chooseVoice(cached.voices, wish);
    for (const phrase of fixedPhrasesOf(voice.language)) {
      signal.throwIfAborted();
      await cached.prepare(phrase, { voice: voice.name, speed, signal });
    }
  }
}

/** The voice that is asked for, else the one that is configured; for a language that is asked for, that one if it speaks it. */
export function wishOf(config: Config, { voice, language }: VoiceWish): VoiceWish {
  const preferred = config.voice.name === "" ? undefined : config.voice.name;
  if (voice !== undefined) return { voice, language };
  if (language !== undefined) return { language, preferred };
  if (preferred !== undefined) return { voice: preferred };
  return { language: config.voice.language === "" ? undefined : config.voice.language };
}

interface KeepingVoice {
  readonly spoken: TextToSpeech;
  /** As `spoken`; all it says may be kept on disk. */
  readonly kept: TextToSpeech;
  readonly cached: CachedTts | undefined;
}

async function* once(text: string): AsyncGenerator<string> {
  yield text;
}
