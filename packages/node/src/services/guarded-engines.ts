/** Engines of the program itself behind a guard: each call's answers are looked at, whatever language they were written in. */
import { parseTranscript } from "@parley/audio/engines";
import type { SpeechToText, TextToSpeech, Transcript, VoiceFrames, WakeWord } from "@parley/audio/engines";
import type { LanguageModel } from "../providers/language-model.ts";
import type { Guard } from "./given-engine.ts";

/** Without a stream of its own: what is said is given to it stretch by stretch. */
export function guardedSpeechToText(stt: SpeechToText, guard: Guard): SpeechToText {
  const { id, languages, redecodes } = stt;
  return {
    id,
    languages,
    redecodes,
    async transcribe(samples, options = {}) {
      const { signal } = options;
      const answers = guard<Transcript>("hearing", () => stt.transcribe(samples, options), {
        signal,
        check: isTranscript,
      });
      return only(answers);
    },
  };
}

export function guardedTextToSpeech(tts: TextToSpeech, guard: Guard): TextToSpeech {
  const { id, sampleRateHz, voices } = tts;
  const isSound = (item: unknown): boolean =>
    isObject(item) && item["samples"] instanceof Float32Array && item["sampleRateHz"] === sampleRateHz;
  return {
    id,
    sampleRateHz,
    voices,
    synthesize: (text, options = {}) =>
      guard("speaking", () => tts.synthesize(text, options), { signal: options.signal, check: isSound }),
  };
}

export function guardedLanguageModel(llm: LanguageModel, guard: Guard): LanguageModel {
  return {
    id: llm.id,
    generate: (messages, options = {}) =>
      guard("thinking", () => llm.generate(messages, options), {
        signal: options.signal,
        check: (item) => typeof item === "string",
      }),
  };
}

export function guardedVoiceFrames(vad: VoiceFrames, guard: Guard): VoiceFrames {
  return {
    id: vad.id,
    frameMs: vad.frameMs,
    frames: (audio, options = {}) =>
      guard("looking for a voice", () => vad.frames(audio, options), {
        signal: options.signal,
        check: (item) => isObject(item) && isNumber(item["atMs"]) && isShare(item["probability"]),
      }),
  };
}

export function guardedWakeWord(wake: WakeWord, guard: Guard): WakeWord {
  const { id, words, stepMs } = wake;
  return {
    id,
    words,
    stepMs,
    scores: (audio, options = {}) =>
      guard("listening for words", () => wake.scores(audio, options), {
        signal: options.signal,
        check: (item) =>
          isObject(item) &&
          isNumber(item["atMs"]) &&
          isObject(item["scores"]) &&
          Object.values(item["scores"]).every(isShare),
      }),
  };
}

async function only<Item>(items: AsyncIterable<Item>): Promise<Item> {
  for await (const item of items) return item;
  throw new TypeError("an answer came to nothing");
}

function isTranscript(item: unknown): boolean {
  // It throws what is wrong with it, which says more than that something is.
  parseTranscript(item);
  return true;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

const isNumber = (value: unknown): boolean => typeof value === "number" && value >= 0;
const isShare = (value: unknown): boolean => typeof value === "number" && value >= 0 && value <= 1;
