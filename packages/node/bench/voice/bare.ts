/** The bare engines: loaded into this process and called by a plain script, without a host and without a peer. */
import { createRequire } from "node:module";
import { join } from "node:path";
import { findNeeds } from "@parley/audio/models";
import { hostFacts, type FlagValues } from "../../src/config/index.ts";
import { modelStoreFor } from "../../src/services/model-store.ts";
import { configFor, withHome } from "./peer.ts";

/** What a plain script does with them. */
export interface BareEngines {
  /** Milliseconds that recognising `speech` took. */
  hear(speech: Float32Array): number;
  say(text: string): { readonly realTimeFactor: number; readonly firstMs: number };
}

/** Loads them from the models folder in `flags`. */
export async function loadBareEngines(flags: FlagValues): Promise<BareEngines> {
  return withHome(async (home) => {
    const store = modelStoreFor(configFor(home, flags));
    const stt = await store.ensure("moonshine-tiny-en-q8");
    const tts = await store.ensure("kokoro-82m-w8");
    const espeak = (await findNeeds(store, tts.entry))?.[0];
    if (espeak === undefined) throw new Error("the eSpeak NG data is missing");
    const sherpa = loadSherpa();
    const threads = Math.min(4, hostFacts({}).cores);
    const recognizer = new sherpa.OfflineRecognizer({
      featConfig: { sampleRate: 16_000, featureDim: 80 },
      modelConfig: {
        moonshine: {
          encoder: join(stt.folder, "encoder_model.onnx"),
          mergedDecoder: join(stt.folder, "decoder_model_merged.onnx"),
        },
        tokens: join(stt.folder, "tokens.txt"),
        numThreads: threads,
        provider: "cpu",
      },
    });
    const voice = new sherpa.OfflineTts({
      model: {
        kokoro: {
          model: join(tts.folder, "model.onnx"),
          voices: join(tts.folder, "voices.bin"),
          tokens: join(tts.folder, "tokens.txt"),
          dataDir: espeak.folder,
          lengthScale: 1,
        },
        numThreads: threads,
        provider: "cpu",
      },
      maxNumSentences: 1,
    });
    const sid = tts.entry.voices.indexOf(tts.entry.defaultVoice ?? "");
    return {
      hear: (speech) => {
        const startedAt = performance.now();
        const stream = recognizer.createStream();
        stream.acceptWaveform({ samples: speech, sampleRate: 16_000 });
        recognizer.decode(stream);
        return performance.now() - startedAt;
      },
      say: (text) => {
        const startedAt = performance.now();
        const audio = voice.generate({ text, sid, speed: 1, enableExternalBuffer: false });
        const firstMs = performance.now() - startedAt;
        return { firstMs, realTimeFactor: firstMs / 1000 / (audio.samples.length / audio.sampleRate) };
      },
    };
  });
}

interface Sherpa {
  readonly OfflineRecognizer: new (config: object) => {
    createStream(): { acceptWaveform(wave: { samples: Float32Array; sampleRate: number }): void };
    decode(stream: object): void;
  };
  readonly OfflineTts: new (config: object) => {
    generate(request: object): { readonly samples: Float32Array; readonly sampleRate: number };
  };
}

function loadSherpa(): Sherpa {
  const sherpa: Sherpa = createRequire(import.meta.url)("sherpa-onnx-node");
  return sherpa;
}
