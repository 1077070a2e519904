/** One voice turn: a question in sound or text, thought about, answered in text and, if wished, in sound. */
import { AudioError } from "../errors.ts";
import type { TextToSpeech } from "../engines/contracts.ts";
import type { VoiceWish } from "../engines/voices.ts";
import { SPEECH_RATE_HZ } from "../format/pcm.ts";
import { listen, type ListenEngines, type ListenEvent, type ListenOptions } from "./listen.ts";
import { fromStart, GoOn, type SpokenSoFar } from "./go-on.ts";
import type { SpeakEvent } from "./speak-event.ts";
import { speak } from "./speak.ts";

/** Milliseconds from the start of the turn; absent when the stage was not part of it. */
export interface TurnTimings {
  inputAudioMs?: number;
  inputEndMs?: number;
  transcriptMs?: number;
  firstTokenMs?: number;
  firstSentenceMs?: number;
  firstAudioMs?: number;
  answerMs?: number;
  totalMs: number;
  outputAudioMs?: number;
}

/** What happens in a turn, in order. */
export type TurnEvent =
  | ListenEvent
  /** The whole question, as it goes to the one who answers. */
  | { readonly type: "question"; readonly text: string }
  | SpeakEvent
  | { readonly type: "done"; readonly timings: Readonly<TurnTimings> };

/** The question. Audio: mono at {@link SPEECH_RATE_HZ}. */
export type TurnInput = { readonly text: string } | { readonly audio: AsyncIterable<Float32Array> };

/** Who hears, thinks and speaks. `hear` is asked for only when there is audio, `voice` only when there is to be sound. */
export interface TurnParts {
  readonly hear: () => Promise<ListenEngines>;
  readonly think: (question: string, signal: AbortSignal | undefined) => AsyncIterable<string>;
  readonly voice: (() => Promise<TextToSpeech>) | undefined;
}

/** Options of {@link voiceTurn}. */
export interface TurnOptions extends ListenOptions {
  /** Who answers in sound, and how fast. */
  readonly speaking?: (VoiceWish & { readonly speed?: number | undefined }) | undefined;
  /** What was given of the answer before, perhaps by another host: `think` begins it anew, and only the rest is told. */
  readonly soFar?: SpokenSoFar | undefined;
  readonly signal?: AbortSignal | undefined;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/**
 * Runs one turn.
 * @throws AudioError `no-speech` when the audio holds none, those of the engines, and what `think` throws.
 */
export async function* voiceTurn(
  input: TurnInput,
  parts: TurnParts,
  options: TurnOptions = {},
): AsyncGenerator<TurnEvent, void, undefined> {
  const now = options.now ?? (() => performance.now());
  const startedAt = now();
  const elapsedMs = (): number => now() - startedAt;
  const timings: TurnTimings = { totalMs: 0 };

  let question: string;
  if ("text" in input) {
    question = input.text;
  } else {
    question = yield* hear(input.audio, parts, options, timings, elapsedMs);
    timings.transcriptMs = elapsedMs();
  }
  yield { type: "question", text: question };

  const answer = timed(parts.think(question, options.signal), timings, elapsedMs);
  const { soFar, signal } = options;
  if (parts.voice === undefined) {
    yield* written(answer, soFar);
  } else {
    const tts = await parts.voice();
    yield* timedSpeech(speak(answer, tts, { ...options.speaking, soFar, signal }), timings, elapsedMs);
  }
  timings.totalMs = elapsedMs();
  yield { type: "done", timings };
}

async function* written(answer: AsyncIterable<string>, soFar: SpokenSoFar = fromStart): AsyncGenerator<TurnEvent> {
  const goOn = new GoOn(soFar);
  for await (const delta of answer) {
    const { untold } = goOn.take(delta);
    if (untold !== "") yield { type: "text", delta: untold };
  }
}

async function* hear(
  audio: AsyncIterable<Float32Array>,
  parts: TurnParts,
  options: TurnOptions,
  timings: TurnTimings,
  elapsedMs: () => number,
): AsyncGenerator<ListenEvent, string, undefined> {
  const engines = await parts.hear();
  const texts: string[] = [];
  for await (const event of listen(measured(audio, timings, elapsedMs), engines, options)) {
    if (event.type === "segment") texts.push(event.text);
    yield event;
  }
  if (texts.length > 0) return texts.join(" ");
  const seconds = ((timings.inputAudioMs ?? 0) / 1000).toFixed(1);
  throw new AudioError("no-speech", `no speech was heard in ${seconds} s of audio`, {
    nextStep: "Speak closer to the microphone, or raise vad.sensitivity in the configuration.",
  });
}

async function* measured(
  audio: AsyncIterable<Float32Array>,
  timings: TurnTimings,
  elapsedMs: () => number,
): AsyncGenerator<Float32Array> {
  let samples = 0;
  for await (const chunk of audio) {
    samples += chunk.length;
    timings.inputAudioMs = (samples / SPEECH_RATE_HZ) * 1000;
    yield chunk;
  }
  timings.inputEndMs = elapsedMs();
}

async function* timed(
  text: AsyncIterable<string>,
  timings: TurnTimings,
  elapsedMs: () => number,
): AsyncGenerator<string> {
  for await (const delta of text) {
    timings.firstTokenMs ??= elapsedMs();
    yield delta;
  }
  timings.answerMs = elapsedMs();
}

async function* timedSpeech(
  events: AsyncIterable<SpeakEvent>,
  timings: TurnTimings,
  elapsedMs: () => number,
): AsyncGenerator<SpeakEvent> {
  for await (const event of events) {
    if (event.type === "sentence") timings.firstSentenceMs ??= elapsedMs();
    if (event.type === "audio") {
      timings.firstAudioMs ??= elapsedMs();
      timings.outputAudioMs = (timings.outputAudioMs ?? 0) + (event.pcm.samples.length / event.pcm.sampleRateHz) * 1000;
    }
    yield event;
  }
}
