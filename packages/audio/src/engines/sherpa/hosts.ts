/** The host options of the sherpa engines, from a model's folder. Defaults fit the models of our catalogue. */
import { availableParallelism } from "node:os";
import { basename } from "node:path";
import { siblingModule, type EngineHostOptions } from "../host/index.ts";
import type { z } from "zod";
import type { keywordOptions, streamingOptions, SttOptions, TtsOptions } from "./options.ts";

/** Beyond four threads these models gain nothing. */
const DEFAULT_THREADS = Math.min(4, availableParallelism());

/** What may be given for each engine: its folder, and whatever differs from the defaults. */
export type SttHostChoice = Pick<SttOptions, "folder"> & Partial<SttOptions>;
export type TtsHostChoice = Pick<TtsOptions, "folder" | "espeakFolder" | "voices"> & Partial<TtsOptions>;

/** A recogniser; by default Moonshine v2 as in `moonshine-tiny-en-q8`. */
export function sttHost(choice: SttHostChoice): EngineHostOptions {
  const options: SttOptions = {
    id: basename(choice.folder),
    family: "moonshine",
    files: { encoder: "encoder_model.onnx", mergedDecoder: "decoder_model_merged.onnx", tokens: "tokens.txt" },
    languages: ["en"],
    threads: DEFAULT_THREADS,
    ...choice,
  };
  return { name: "stt", module: siblingModule(import.meta.url, "./stt-module"), options };
}

type StreamingChoice = z.input<typeof streamingOptions>;
export type StreamingSttHostChoice = Pick<StreamingChoice, "folder"> & Partial<StreamingChoice>;

/** A recogniser that hears while somebody speaks; by default a streaming Zipformer transducer. One host serves 8 streams. */
export function streamingSttHost(choice: StreamingSttHostChoice): EngineHostOptions {
  const options: StreamingChoice = {
    id: basename(choice.folder),
    family: "transducer",
    files: {
      encoder: "encoder-epoch-99-avg-1.int8.onnx",
      decoder: "decoder-epoch-99-avg-1.onnx",
      joiner: "joiner-epoch-99-avg-1.int8.onnx",
      tokens: "tokens.txt",
    },
    languages: ["en"],
    threads: Math.min(2, DEFAULT_THREADS),
    ...choice,
  };
  return { name: "stt", module: siblingModule(import.meta.url, "./streaming-module"), options, maxJobs: 8 };
}

/** A voice; by default Kokoro as in `kokoro-82m-w8`. `espeakFolder` holds espeak-ng's data. */
export function ttsHost(choice: TtsHostChoice): EngineHostOptions {
  const options: TtsOptions = {
    id: basename(choice.folder),
    family: "kokoro",
    files: { model: "model.onnx", voices: "voices.bin", tokens: "tokens.txt" },
    threads: DEFAULT_THREADS,
    ...choice,
  };
  return { name: "tts", module: siblingModule(import.meta.url, "./tts-module"), options };
}

type KeywordChoice = z.input<typeof keywordOptions>;
export type KeywordHostChoice = Pick<KeywordChoice, "folder" | "keywords"> & Partial<KeywordChoice>;

/** A spotter of wake words, by default a streaming Zipformer transducer. One host serves 16 streams. */
export function keywordHost(choice: KeywordHostChoice): EngineHostOptions {
  const options: KeywordChoice = {
    id: basename(choice.folder),
    files: { encoder: "encoder.onnx", decoder: "decoder.onnx", joiner: "joiner.onnx", tokens: "tokens.txt" },
    threads: 1,
    ...choice,
  };
  return { name: "wake", module: siblingModule(import.meta.url, "./keyword-module"), options, maxJobs: 16 };
}
