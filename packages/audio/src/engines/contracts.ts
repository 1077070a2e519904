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
}

/** What a recogniser made of one stretch of speech. */
export interface Transcript {
  readonly text: string;
  /** BCP 47 tag of the language the engine recognised in or was told to use. */
  readonly language: string;
  /** Seconds of audio divided into the compute time spent on them (compute / audio). */
  readonly realTimeFactor: number;
}

/** Turns one stretch of speech into text. Input: mono at {@link SPEECH_RATE_HZ}. */
export interface SpeechToText {
  readonly id: string;
  readonly languages: readonly string[];
  transcribe(samples: Float32Array, options?: CallOptions): Promise<Transcript>;
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
