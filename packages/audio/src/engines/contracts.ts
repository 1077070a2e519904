/**
 * The engine interfaces. An implementation may run in an engine host (a child process), on another peer, or be a
 * fixed-delay test engine; callers cannot tell.
 *
 * Every method takes an `AbortSignal`. Aborting rejects with `AudioError` code `job-cancelled` (or `job-timed-out` when
 * the signal's reason is a `TimeoutError`), and the engine stops computing as soon as it can.
 */
import type { Pcm } from "../format/pcm.ts";

/** Common to all calls. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Goes before all that is not: somebody in a live conversation waits for it. What runs already is not cut. */
  readonly urgent?: boolean | undefined;
}

/** What is expected: a few words that are obeyed, or text that is being written by voice. */
export type HearingMode = "command" | "dictation";

/** Hot words of one call, and the length of each. */
export const MOST_HOT_WORDS = 100;
export const LONGEST_HOT_WORD_CHARS = 64;

/** How something is heard. An engine that can make no use of one of these passes over it. */
export interface HearOptions extends CallOptions {
  readonly mode?: HearingMode | undefined;
  /** Names and words that are likely; at most {@link MOST_HOT_WORDS}. */
  readonly hotWords?: readonly string[] | undefined;
  /** BCP 47 tag of what is spoken. */
  readonly language?: string | undefined;
}

/** A word that was heard. Times count from the first sample that was given. */
export interface HeardWord {
  readonly text: string;
  readonly startMs: number;
  /** Only from engines that tell where words end. */
  readonly endMs?: number | undefined;
  /** 0 to 1, where the engine tells it. */
  readonly confidence?: number | undefined;
}

/** What a recogniser made of one stretch of speech. */
export interface Transcript {
  readonly text: string;
  /** BCP 47 tag of the language the engine recognised in or was told to use. */
  readonly language: string;
  /** Seconds of audio divided into the compute time spent on them (compute / audio). */
  readonly realTimeFactor: number;
  /** 0 to 1, where the engine tells it. */
  readonly confidence?: number | undefined;
  /** Only from engines that tell when words are said; never estimated. */
  readonly words?: readonly HeardWord[] | undefined;
}

/** Options of {@link SpeechToText.startStream}. */
export interface StreamOptions extends HearOptions {
  readonly partials?: PartialPolicy | undefined;
  /** The text of so much from the start is known already: partials begin behind it. Default 0. */
  readonly knownMs?: number | undefined;
}

/**
 * When partial transcripts are made. `live`: as the audio comes, skipped while the recogniser is busy. `every`: audio
 * that comes faster than it was spoken waits for them (files). `off`: never.
 */
export type PartialPolicy = "live" | "every" | "off";

/** What a stream of speech tells. */
export type StreamEvent =
  /** What was understood of the sound up to `throughMs`; replaces the partial before it. */
  | { readonly type: "partial"; readonly text: string; readonly throughMs: number }
  /** The last event. */
  | { readonly type: "final"; readonly transcript: Transcript };

/** One stretch of speech that is recognised while it is said. Everything of it fails with the same error once it has failed. */
export interface SpeechStream {
  /** For one reader. Who reads slowly misses partials, never the final. Ends early, without error, when cancelled. */
  readonly events: AsyncIterable<StreamEvent>;
  /**
   * The next sound, which must not change afterwards. Resolves when there is room for more.
   * @param mayBeLast the end may follow at once: nothing preliminary is begun that it would have to wait for
   * @throws AudioError of the engine; `audio-too-long` beyond {@link LONGEST_STREAM_MS}; `job-cancelled`.
   */
  feed(samples: Float32Array, mayBeLast?: boolean): Promise<void>;
  /** There is no more: all of it as text. @throws AudioError of the engine; `job-cancelled` after {@link cancel}. */
  end(): Promise<Transcript>;
  /** Nobody wants it any more; the engine stops computing as soon as it can. */
  cancel(): void;
}

/** The longest stretch of speech; it bounds what a stream holds. */
export const LONGEST_STREAM_MS = 330_000;

/** Turns speech into text. Input: mono at {@link SPEECH_RATE_HZ}. */
export interface SpeechToText {
  readonly id: string;
  readonly languages: readonly string[];
  /**
   * False where a growing stretch must not be sent again and again to show what was understood so far, as over a network
   * or where each call is paid for. True when absent.
   */
  readonly redecodes?: boolean | undefined;
  /** One stretch of speech as a whole. */
  transcribe(samples: Float32Array, options?: HearOptions): Promise<Transcript>;
  /** Only of engines that recognise while they hear. Of any other `startStream` makes a stream. */
  startStream?(options?: StreamOptions): SpeechStream;
}

/** A voice that an engine can speak with. */
export interface Voice {
  readonly name: string;
  readonly language: string;
}

/** Options of {@link TextToSpeech.synthesize}. */
export interface SynthesizeOptions extends CallOptions {
  /** A name from {@link TextToSpeech.voices}; the engine's first voice when absent. */
  readonly voice?: string;
  /** 1 is the voice's own speed; 0.5 to 2. */
  readonly speed?: number;
}

/** Turns text into sound. Chunks come in order, each of {@link TextToSpeech.sampleRateHz}, mono. */
export interface TextToSpeech {
  readonly id: string;
  readonly sampleRateHz: number;
  readonly voices: readonly Voice[];
  synthesize(text: string, options?: SynthesizeOptions): AsyncIterable<Pcm>;
}

/** One look of a voice-activity engine at a live stream. */
export interface VoiceFrame {
  /** Where the frame begins, from the stream's first sample. */
  readonly atMs: number;
  /** How probable it is that somebody speaks in it, 0 to 1. */
  readonly probability: number;
}

/**
 * Looks for a voice in a live stream of mono audio at {@link SPEECH_RATE_HZ}, in chunks of any size. What the frames
 * mean, where speech begins and ends, is decided by `turn/speech`.
 */
export interface VoiceFrames {
  readonly id: string;
  /** Length of a frame; each begins where the one before ended. */
  readonly frameMs: number;
  /** Ends after the input has ended; a last frame that is not full counts as if silence followed. */
  frames(audio: AsyncIterable<Float32Array>, options?: CallOptions): AsyncIterable<VoiceFrame>;
}

/** How sure a wake-word engine is at one moment of a stream. */
export interface WakeStep {
  /** The end of the sound it has heard, from the stream's first sample. */
  readonly atMs: number;
  /** 0 to 1, by word. */
  readonly scores: Readonly<Record<string, number>>;
}

/**
 * Listens for words in a live stream of mono audio at {@link SPEECH_RATE_HZ}, in chunks of any size. When a score is a
 * hit is decided by `turn/wake`.
 */
export interface WakeWord {
  readonly id: string;
  readonly words: readonly string[];
  /**
   * Every step scores every word; or `undefined`: the engine decides itself and gives a step, with the score 1, only when
   * it has heard a word.
   */
  readonly stepMs: number | undefined;
  /** Ends after the input has ended. */
  scores(audio: AsyncIterable<Float32Array>, options?: CallOptions): AsyncIterable<WakeStep>;
}
