/** Engines whose jobs are counted, and measured as they are done. */
import { SPEECH_RATE_HZ } from "@parley/audio";
import {
  startStream,
  type SpeechStream,
  type SpeechToText,
  type StreamOptions,
  type TextToSpeech,
  type Transcript,
  type VoiceFrames,
  type WakeWord,
} from "@parley/audio/engines";
import type { ChatMessage, LanguageModel } from "../../providers/language-model.ts";
import type { JobSize, Measure } from "../../routing/index.ts";
import type { Workload } from "./workload.ts";

export interface MeasureOptions {
  readonly workload: Workload;
  /** Compute time that a job of `model` is expected to take. */
  readonly workMs: (model: string, size: JobSize) => number;
  /** Of a job that had its engine for itself. */
  readonly record: (model: string, measure: Measure) => void;
  /** A monotonic clock. */
  readonly nowMs: () => number;
}

/** Rough, for languages of Latin letters; what counts is that it is the same each time. */
const CHARACTERS_PER_TOKEN = 4;

export function measuredSpeechToText(stt: SpeechToText, options: MeasureOptions): SpeechToText {
  const { record, nowMs } = options;
  const measured: SpeechToText = {
    id: stt.id,
    languages: stt.languages,
    redecodes: stt.redecodes,
    async transcribe(samples, how) {
      const job = options.workload.count(options.workMs(stt.id, { audioMs: msOf(samples.length) }), how?.signal);
      const startedMs = nowMs();
      try {
        const transcript = await stt.transcribe(samples, how);
        if (job.isAlone) record(stt.id, heard(transcript, samples.length, nowMs() - startedMs));
        return transcript;
      } finally {
        job.over();
      }
    },
  };
  if (stt.startStream === undefined) return measured;
  return { ...measured, startStream: (how) => measuredStream(stt, how, options) };
}

/** The engine has it as long as somebody speaks: it is a job from its beginning to its end. */
function measuredStream(stt: SpeechToText, how: StreamOptions | undefined, options: MeasureOptions): SpeechStream {
  const stream = startStream(stt, how);
  const job = options.workload.count(options.workMs(stt.id, {}), how?.signal);
  let samples = 0;
  return {
    events: stream.events,
    async feed(block, mayBeLast) {
      samples += block.length;
      await stream.feed(block, mayBeLast);
    },
    async end() {
      try {
        const transcript = await stream.end();
        // Only what the engine says itself: it heard while somebody spoke.
        if (job.isAlone && transcript.realTimeFactor > 0) options.record(stt.id, heard(transcript, samples, 0));
        return transcript;
      } finally {
        job.over();
      }
    },
    cancel() {
      job.over();
      stream.cancel();
    },
  };
}

export function measuredTextToSpeech(tts: TextToSpeech, options: MeasureOptions): TextToSpeech {
  return {
    id: tts.id,
    sampleRateHz: tts.sampleRateHz,
    voices: tts.voices,
    async *synthesize(text, how) {
      const timed = timing(options.nowMs);
      const size = { characters: text.length };
      const job = options.workload.count(options.workMs(tts.id, size), how?.signal);
      try {
        yield* timed.through(tts.synthesize(text, how));
        if (job.isAlone) options.record(tts.id, { size, ...timed.measure() });
      } finally {
        job.over();
      }
    },
  };
}

export function measuredLanguageModel(llm: LanguageModel, options: MeasureOptions): LanguageModel {
  return {
    id: llm.id,
    async *generate(messages, how) {
      const timed = timing(options.nowMs);
      const promptTokens = promptTokensOf(messages);
      const job = options.workload.count(options.workMs(llm.id, { promptTokens }), how?.signal);
      let isWhole = false;
      try {
        yield* timed.through(llm.generate(messages, how));
        isWhole = true;
      } finally {
        // One that was stopped took as long as it took, too; behind its last token nothing was waited for.
        const tokens = isWhole ? timed.items : timed.items - 1;
        if (job.isAlone && timed.items > 0) {
          options.record(llm.id, { size: { promptTokens, tokens }, ...timed.measure() });
        }
        job.over();
      }
    },
  };
}

/** They follow live sound: what they cost shows in nothing that could be measured here. */
export function countedVoiceFrames(vad: VoiceFrames, options: Pick<MeasureOptions, "workload">): VoiceFrames {
  return {
    id: vad.id,
    frameMs: vad.frameMs,
    frames: (audio, how) => counted(vad.frames(audio, how), options.workload),
  };
}

export function countedWakeWord(wake: WakeWord, options: Pick<MeasureOptions, "workload">): WakeWord {
  return {
    id: wake.id,
    words: wake.words,
    stepMs: wake.stepMs,
    scores: (audio, how) => counted(wake.scores(audio, how), options.workload),
  };
}

/** About how many tokens a model reads. */
export function promptTokensOf(messages: readonly ChatMessage[]): number {
  return Math.ceil(messages.reduce((sum, { content }) => sum + content.length, 0) / CHARACTERS_PER_TOKEN);
}

async function* counted<T>(items: AsyncIterable<T>, workload: Workload): AsyncGenerator<T> {
  const job = workload.count(0);
  try {
    yield* items;
  } finally {
    job.over();
  }
}

function heard(transcript: Transcript, samples: number, tookMs: number): Measure {
  const audioMs = msOf(samples);
  const { realTimeFactor } = transcript;
  return { size: { audioMs }, totalMs: realTimeFactor > 0 ? realTimeFactor * audioMs : tookMs };
}

function msOf(samples: number): number {
  return (samples * 1000) / SPEECH_RATE_HZ;
}

/** Counts the time in which the engine is waited for, not that in which whoever reads is. */
function timing(nowMs: () => number) {
  let waitedMs = 0;
  let firstMs: number | undefined;
  let items = 0;
  return {
    get items() {
      return items;
    },
    measure: () => ({ totalMs: waitedMs, ...(firstMs === undefined ? {} : { firstMs }) }),
    async *through<T>(source: AsyncIterable<T>): AsyncGenerator<T> {
      let sinceMs = nowMs();
      for await (const item of source) {
        waitedMs += nowMs() - sinceMs;
        firstMs ??= waitedMs;
        items += 1;
        yield item;
        sinceMs = nowMs();
      }
      waitedMs += nowMs() - sinceMs;
    },
  };
}
