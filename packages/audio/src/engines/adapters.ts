/** Turns a {@link JobRunner} into the engine interfaces. What comes back from the other process is checked here. */
import { z } from "zod";
import { AudioError } from "../errors.ts";
import type {
  SpeechToText,
  SynthesizeOptions,
  TextToSpeech,
  Transcript,
  VoiceFrames,
  WakeWord,
  CallOptions,
} from "./contracts.ts";
import { hostedStream } from "./hearing/hosted-stream.ts";
import { refuseHotWords } from "./hearing/limits.ts";
import { partialSchema, transcriptSchema } from "./hearing/wire.ts";
import type { JobOptions, JobRunner } from "./host/index.ts";

const sttInfo = z.object({
  id: z.string(),
  languages: z.array(z.string()),
  /** Recognises while it hears: has the method `stream`. */
  streams: z.boolean().optional(),
  redecodes: z.boolean().optional(),
});
const ttsInfo = z.object({
  id: z.string(),
  sampleRateHz: z.number().int().positive(),
  voices: z.array(z.object({ name: z.string(), language: z.string() })).min(1),
});
const framesInfo = z.object({ id: z.string(), frameMs: z.number().min(5).max(100) });

const frame = z.object({ atMs: z.number().min(0), probability: z.number().min(0).max(1) });
const wakeInfo = z.object({
  id: z.string(),
  words: z.array(z.string()).min(1),
  stepMs: z.number().min(5).max(1000).optional(),
});
const wakeStep = z.object({ atMs: z.number().min(0), scores: z.record(z.string(), z.number().min(0).max(1)) });
const chunk = z.instanceof(Float32Array);

/** The engine's answer to `transcribe`. @throws AudioError `engine-failed` when it is none. */
export function parseTranscript(value: unknown): Transcript {
  return answered(transcriptSchema, value, "transcribe");
}

/** A recogniser that runs its jobs on `runner`. @throws AudioError `engine-failed` when the engine is of another kind. */
export function speechToText(runner: JobRunner): SpeechToText {
  const { id, languages, streams, redecodes } = answered(sttInfo, runner.info(), "info");
  const recogniser: SpeechToText = {
    id,
    languages,
    redecodes,
    async transcribe(samples, { signal, urgent, mode, hotWords, language } = {}) {
      refuseHotWords(hotWords);
      const params = { samples, mode, hotWords, language };
      return parseTranscript(await runner.run("transcribe", params, jobOptions({ signal, urgent })).result);
    },
  };
  if (streams !== true) return recogniser;
  const readers = {
    transcript: (value: unknown) => answered(transcriptSchema, value, "stream"),
    partial: (value: unknown) => answered(partialSchema, value, "stream"),
  };
  return { ...recogniser, startStream: (options = {}) => hostedStream(runner, options, readers) };
}

/** A voice that runs its jobs on `runner`. @throws AudioError `engine-failed` when the engine is of another kind. */
export function textToSpeech(runner: JobRunner): TextToSpeech {
  const { id, sampleRateHz, voices } = answered(ttsInfo, runner.info(), "info");
  return {
    id,
    sampleRateHz,
    voices,
    async *synthesize(text: string, { signal, urgent, ...how }: SynthesizeOptions = {}) {
      const job = runner.run("synthesize", { text, ...how }, jobOptions({ signal, urgent }));
      for await (const value of job.output) {
        yield { sampleRateHz, samples: answered(chunk, value, "synthesize") };
      }
    },
  };
}

/** A voice-activity engine that runs its jobs on `runner`. @throws AudioError `engine-failed` when the engine is of another kind. */
export function voiceFrames(runner: JobRunner): VoiceFrames {
  const { id, frameMs } = answered(framesInfo, runner.info(), "info");
  return {
    id,
    frameMs,
    async *frames(audio: AsyncIterable<Float32Array>, options: CallOptions = {}) {
      const job = runner.run("frames", {}, { ...options, input: audio });
      for await (const value of job.output) yield answered(frame, value, "frames");
    },
  };
}

/** A wake-word engine that runs its jobs on `runner`. @throws AudioError `engine-failed` when the engine is of another kind. */
export function wakeWord(runner: JobRunner): WakeWord {
  const { id, words, stepMs } = answered(wakeInfo, runner.info(), "info");
  return {
    id,
    words,
    stepMs,
    async *scores(audio: AsyncIterable<Float32Array>, options: CallOptions = {}) {
      const job = runner.run("scores", {}, { ...options, input: audio });
      for await (const value of job.output) yield answered(wakeStep, value, "scores");
    },
  };
}

function jobOptions({ signal, urgent }: { signal: AbortSignal | undefined; urgent: boolean | undefined }): JobOptions {
  return signal === undefined ? { urgent } : { signal, urgent };
}

function answered<Schema extends z.ZodType>(schema: Schema, value: unknown, what: string): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new AudioError(
    "engine-failed",
    `the engine's answer to ${what} makes no sense: ${z.prettifyError(parsed.error)}`,
    {
      nextStep: "Check that the engine is of the kind it is used as, and that all peers run the same version.",
    },
  );
}
