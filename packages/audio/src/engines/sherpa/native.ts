/**
 * The part of `sherpa-onnx-node` that we use, typed by us: the package ships no types. Samples are mono floats in
 * [-1, 1]. Only engine modules import this: it loads native code.
 */
import { createRequire } from "node:module";

/** A stretch of sound as sherpa takes and gives it. */
export interface NativeWave {
  readonly samples: Float32Array;
  readonly sampleRate: number;
}

export interface NativeOfflineStream {
  acceptWaveform(wave: NativeWave): void;
}

export interface NativeRecognizer {
  createStream(): NativeOfflineStream;
  /** Times in seconds; lists that a model cannot fill are empty. */
  decodeAsync(stream: NativeOfflineStream): Promise<{
    readonly text: string;
    readonly lang?: string;
    readonly tokens?: readonly string[];
    readonly timestamps?: readonly number[];
    readonly durations?: readonly number[];
    readonly ys_log_probs?: readonly number[];
  }>;
}

export interface NativeTts {
  readonly sampleRate: number;
  readonly numSpeakers: number;
  generateAsync(request: {
    readonly text: string;
    readonly sid: number;
    readonly speed: number;
    /** False copies the samples out of native memory, whose lifetime is not ours to know. */
    readonly enableExternalBuffer: boolean;
    /** Called per sentence, in order; 0 asks to stop before the next one. */
    readonly onProgress: (part: { readonly samples: Float32Array }) => 0 | 1;
  }): Promise<NativeWave>;
}

/** Only ever handed back to the spotter or recogniser that made it. */
export interface NativeOnlineStream {
  acceptWaveform(wave: NativeWave): void;
  inputFinished(): void;
}

export interface NativeKeywordSpotter {
  createStream(): NativeOnlineStream;
  isReady(stream: NativeOnlineStream): boolean;
  decode(stream: NativeOnlineStream): void;
  /** Begins anew after a keyword; without it the same one is told again. */
  reset(stream: NativeOnlineStream): void;
  /** `keyword` is empty while none was heard. */
  getResult(stream: NativeOnlineStream): { readonly keyword?: string };
}

export interface NativeOnlineRecognizer {
  createStream(): NativeOnlineStream;
  isReady(stream: NativeOnlineStream): boolean;
  decode(stream: NativeOnlineStream): void;
  /** Of all that was decoded since the stream began. Times in seconds. */
  getResult(stream: NativeOnlineStream): {
    readonly text: string;
    readonly tokens?: readonly string[];
    readonly timestamps?: readonly number[];
    readonly ys_probs?: readonly number[];
  };
}

/** A configuration object; its shape is sherpa's, see its `types.js`. */
export type NativeConfig = Readonly<Record<string, unknown>>;

interface SherpaOnnx {
  readonly OfflineRecognizer: { createAsync(config: NativeConfig): Promise<NativeRecognizer> };
  readonly OnlineRecognizer: new (config: NativeConfig) => NativeOnlineRecognizer;
  readonly KeywordSpotter: new (config: NativeConfig) => NativeKeywordSpotter;
  readonly OfflineTts: { createAsync(config: NativeConfig): Promise<NativeTts> };
}

const sherpa: SherpaOnnx = createRequire(import.meta.url)("sherpa-onnx-node");

export const { KeywordSpotter, OfflineRecognizer, OfflineTts, OnlineRecognizer } = sherpa;
