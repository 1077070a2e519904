/** Engine module: speech to text with sherpa-onnx offline recognisers. Method `transcribe`. */
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { Transcript } from "../contracts.ts";
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { transcribeParams } from "../hearing/wire.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { OfflineRecognizer, type NativeConfig, type NativeRecognizer } from "./native.ts";
import { sttOptions, type SttOptions } from "./options.ts";
import { confidenceOf, timedWords } from "./timed-words.ts";

/** Shorter than any syllable; recognisers hallucinate on such snippets, and fail on empty ones. */
const MIN_SAMPLES = SPEECH_RATE_HZ / 20;

type Family = (file: (role: string) => string, options: SttOptions) => NativeConfig;

/** How each family of models is configured (sherpa's `OfflineModelConfig`). A new family is a new entry. */
const FAMILIES: Readonly<Record<SttOptions["family"], Family>> = {
  moonshine: (file) => ({ moonshine: { encoder: file("encoder"), mergedDecoder: file("mergedDecoder") } }),
  whisper: (file, { languages }) => ({
    whisper: {
      encoder: file("encoder"),
      decoder: file("decoder"),
      language: languages[0]?.split("-")[0] ?? "",
      task: "transcribe",
    },
  }),
  transducer: (file) => ({
    transducer: { encoder: file("encoder"), decoder: file("decoder"), joiner: file("joiner") },
  }),
  "nemo-transducer": (file) => ({
    transducer: { encoder: file("encoder"), decoder: file("decoder"), joiner: file("joiner") },
    modelType: "nemo_transducer",
  }),
  paraformer: (file) => ({ paraformer: { model: file("model") } }),
  "sense-voice": (file) => ({ senseVoice: { model: file("model"), useInverseTextNormalization: 1 } }),
};

/** Loads the recogniser. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(sttOptions, given, "options of the speech-to-text engine");
  const paths = await modelFiles(options.folder, options.files);
  const file = (role: string) => fileOf(paths, role);
  const recognizer = await OfflineRecognizer.createAsync({
    featConfig: { sampleRate: SPEECH_RATE_HZ, featureDim: 80 },
    modelConfig: {
      ...FAMILIES[options.family](file, options),
      tokens: file("tokens"),
      numThreads: options.threads,
      provider: "cpu",
    },
  });
  return {
    info: { id: options.id, languages: options.languages },
    methods: { transcribe: transcriber(recognizer, options.languages[0] ?? "") },
  };
}

function transcriber(recognizer: NativeRecognizer, defaultLanguage: string): JobHandler {
  return async (params, io): Promise<Transcript> => {
    const { samples } = checked(transcribeParams, params, "parameters of transcribe");
    io.signal.throwIfAborted();
    if (samples.length < MIN_SAMPLES) return { text: "", language: defaultLanguage, realTimeFactor: 0 };
    const startedAtMs = performance.now();
    const stream = recognizer.createStream();
    stream.acceptWaveform({ samples, sampleRate: SPEECH_RATE_HZ });
    const { text, lang, tokens, timestamps, durations, ys_log_probs: logProbs } = await recognizer.decodeAsync(stream);
    io.signal.throwIfAborted();
    const computeMs = performance.now() - startedAtMs;
    const audioMs = (samples.length / SPEECH_RATE_HZ) * 1000;
    return {
      text: text.trim(),
      // SenseVoice answers `<|en|>`.
      language: lang?.replaceAll(/[<|>]/g, "") || defaultLanguage,
      realTimeFactor: computeMs / audioMs,
      confidence: confidenceOf({ tokens, logProbs }),
      words: timedWords({ tokens, timestamps, durations, logProbs }),
    };
  };
}
