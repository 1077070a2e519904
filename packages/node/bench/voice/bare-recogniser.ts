/** The bare recogniser: loaded into this process by its own binding, without a host and without a pipeline. */
import { createRequire } from "node:module";
import { availableParallelism } from "node:os";
import { join } from "node:path";

/** The text of one stretch of speech, as the engine writes it. */
export type BareRecogniser = (speech: Float32Array) => string;

interface Sherpa {
  readonly OfflineRecognizer: new (config: object) => {
    createStream(): { acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void };
    decode(stream: object): void;
    getResult(stream: object): { readonly text: string };
  };
}

/** Loads Moonshine from its folder. */
export function loadBareRecogniser(folder: string): BareRecogniser {
  const sherpa: Sherpa = createRequire(import.meta.url)("sherpa-onnx-node");
  const recognizer = new sherpa.OfflineRecognizer({
    featConfig: { sampleRate: 16_000, featureDim: 80 },
    modelConfig: {
      moonshine: {
        encoder: join(folder, "encoder_model.onnx"),
        mergedDecoder: join(folder, "decoder_model_merged.onnx"),
      },
      tokens: join(folder, "tokens.txt"),
      numThreads: Math.min(4, availableParallelism()),
      provider: "cpu",
    },
  });
  return (speech) => {
    const stream = recognizer.createStream();
    stream.acceptWaveform({ samples: speech, sampleRate: 16_000 });
    recognizer.decode(stream);
    return recognizer.getResult(stream).text.trim();
  };
}
