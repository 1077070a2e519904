/** Engine module: text to speech with sherpa-onnx. Method `synthesize` streams Float32Array chunks, one a sentence. */
import { z } from "zod";
import { AudioError } from "../../errors.ts";
import { voicesOf } from "../../models/voices.ts";
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { OrderedEmitter } from "../ordered-emitter.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { OfflineTts, type NativeConfig, type NativeTts } from "./native.ts";
import { ttsOptions, type TtsOptions } from "./options.ts";
import { speakablePieces } from "./speakable.ts";

type Family = (file: (role: string) => string, options: TtsOptions) => NativeConfig;

/** How each family of models is configured (sherpa's `OfflineTtsModelConfig`). A new family is a new entry. */
const FAMILIES: Readonly<Record<TtsOptions["family"], Family>> = {
  kokoro: (file, { espeakFolder }) => ({
    kokoro: {
      model: file("model"),
      voices: file("voices"),
      tokens: file("tokens"),
      dataDir: espeakFolder,
      lengthScale: 1,
    },
  }),
  vits: (file, { espeakFolder }) => ({
    vits: { model: file("model"), tokens: file("tokens"), dataDir: espeakFolder },
  }),
};

const synthesizeParams = z.object({
  text: z.string().max(100_000),
  voice: z.string().optional(),
  speed: z.number().min(0.5).max(2).default(1),
});

/** Loads the voices. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(ttsOptions, given, "options of the text-to-speech engine");
  const paths = await modelFiles(options.folder, options.files);
  await modelFiles(options.espeakFolder, { phontab: "phontab" });
  const tts = await OfflineTts.createAsync({
    model: {
      ...FAMILIES[options.family]((role) => fileOf(paths, role), options),
      numThreads: options.threads,
      provider: "cpu",
    },
    // One sentence at a time: the first is heard while the next is computed.
    maxNumSentences: 1,
  });
  const names = options.voices;
  if (names.length > tts.numSpeakers) {
    throw new AudioError("model-corrupt", `${options.id} has ${tts.numSpeakers} voices, ${names.length} are named`, {
      nextStep: `Fetch the model again with \`parley models pull ${options.id}\`.`,
    });
  }
  const { voices, defaultVoice } = options;
  const model = defaultVoice === undefined ? { voices } : { voices, defaultVoice };
  return {
    info: { id: options.id, sampleRateHz: tts.sampleRate, voices: voicesOf(model) },
    methods: { synthesize: synthesizer(tts, options) },
  };
}

function synthesizer(tts: NativeTts, { voices, defaultVoice = voices[0] }: TtsOptions): JobHandler {
  return async (params, io) => {
    const { text, voice = defaultVoice, speed } = checked(synthesizeParams, params, "parameters of synthesize");
    const sid = voices.findIndex((name) => name === voice);
    if (sid < 0) throw unknownVoice(voice, voices);
    for (const piece of speakablePieces(text)) {
      io.signal.throwIfAborted();
      const out = new OrderedEmitter(io);
      await tts.generateAsync({
        text: piece,
        sid,
        speed,
        enableExternalBuffer: false,
        onProgress: ({ samples }) => {
          if (io.signal.aborted) return 0;
          // Copied: what a progress callback is handed may be native memory.
          out.send(samples.slice());
          return 1;
        },
      });
      await out.flush();
    }
    io.signal.throwIfAborted();
    return {};
  };
}

function unknownVoice(voice: string | undefined, voices: readonly string[]): AudioError {
  return new AudioError("input-refused", `there is no voice named ${voice}`, {
    nextStep: `Use one of: ${voices.join(", ")}.`,
  });
}
