/** Engine module: voice activity with Silero in sherpa-onnx. Method `detect`: audio frames in, events out. */
import { setImmediate as nextTurn } from "node:timers/promises";
import { AudioError } from "../../errors.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import type { Engine, JobHandler } from "../module.ts";
import { checked } from "../checked.ts";
import { fileOf, modelFiles } from "../model-files.ts";
import { Vad, type NativeVad } from "./native.ts";
import { vadOptions, type VadOptions } from "./options.ts";
import { SpeechSegmenter, WINDOW_SAMPLES } from "./speech-segmenter.ts";

/** About 10 s of audio, 30 ms of work: other streams of this host get their turn in between. */
const SLICE_SAMPLES = WINDOW_SAMPLES * 300;

/** Loads the detector. See {@link EngineModule}. */
export async function createEngine(given: unknown): Promise<Engine> {
  const options = checked(vadOptions, given, "options of the voice-activity engine");
  const paths = await modelFiles(options.folder, options.files);
  const model = fileOf(paths, "model");
  // A detector costs 40 ms and 11 MB, which only the garbage collector gives back: streams use them one after another.
  const idle: NativeVad[] = [nativeVad(model, options)];
  const detect: JobHandler = async (_params, io) => {
    const vad = idle.pop() ?? nativeVad(model, options);
    try {
      const segmenter = new SpeechSegmenter(vad, options.minSpeechMs);
      for await (const frame of io.input) {
        for (const slice of slices(frame)) {
          for (const event of segmenter.push(slice)) await io.emit(event);
          if (slice.length === SLICE_SAMPLES) await nextTurn();
        }
      }
      io.signal.throwIfAborted();
      for (const event of segmenter.end()) await io.emit(event);
      return {};
    } finally {
      vad.reset();
      idle.push(vad);
    }
  };
  return { info: { id: options.id }, methods: { detect } };
}

function nativeVad(model: string, options: VadOptions): NativeVad {
  return new Vad(
    {
      sileroVad: {
        model,
        threshold: options.threshold,
        minSilenceDuration: options.minSilenceMs / 1000,
        minSpeechDuration: options.minSpeechMs / 1000,
        maxSpeechDuration: options.maxSpeechMs / 1000,
        windowSize: WINDOW_SAMPLES,
      },
      sampleRate: SPEECH_RATE_HZ,
      numThreads: options.threads,
    },
    // Room for a stretch that finds no breath at its maximum.
    options.maxSpeechMs / 1000 + 10,
  );
}

function* slices(frame: unknown): Generator<Float32Array> {
  if (!(frame instanceof Float32Array)) {
    throw new AudioError("input-refused", "the audio for voice activity is no Float32Array", {
      nextStep: "Stream mono floats in [-1, 1] at 16 kHz.",
    });
  }
  for (let at = 0; at < frame.length; at += SLICE_SAMPLES) yield frame.subarray(at, at + SLICE_SAMPLES);
}
