/** Hearing: a stream of audio becomes stretches of speech, and those become text, with partials on the way. */
import { AudioError, isAudioError } from "../errors.ts";
import type { SpeechToText, VoiceFrames } from "../engines/contracts.ts";
import { createSpeechTracker, type SpeechEvent, type SpeechOptions } from "../turn/speech/index.ts";
import { channel } from "./channel.ts";
import { Recorder } from "./recorder.ts";

/** What is heard, in order. Times count from the first sample. */
export type ListenEvent =
  | { readonly type: "speech-start"; readonly atMs: number }
  /** The stretch so far, re-decoded while it goes on; replaces the partial before it. */
  | { readonly type: "partial"; readonly segment: number; readonly text: string }
  /** A whole stretch of speech. */
  | {
      readonly type: "segment";
      readonly segment: number;
      readonly text: string;
      readonly startMs: number;
      readonly endMs: number;
    };

/**
 * When partial transcripts are made. `live`: as the audio comes, skipped while the recogniser is busy. `every`: audio
 * that comes faster than it was spoken waits for them (files). `off`: never.
 */
export type PartialPolicy = "live" | "every" | "off";

/** The engines that hear. */
export interface ListenEngines {
  readonly vad: VoiceFrames;
  readonly stt: SpeechToText;
}

/** Options of {@link listen}. */
export interface ListenOptions {
  readonly partials?: PartialPolicy | undefined;
  /** What counts as speech, and when it is over. */
  readonly speech?: SpeechOptions | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Longer than the longest stretch that may be allowed (60 s), with its margins; it bounds the recorder. */
const WINDOW_MS = 62_000;
const FIRST_PARTIAL_MS = 1000;
/** A partial begins this much before the voice; the final decoding has the margins of `speech`. */
const PARTIAL_LEAD_MS = 200;
/** Margin of the second look at a stretch in which no word was found. */
const CLOSE_MS = 100;

/**
 * Length at which a stretch of `lengthMs` is decoded again. Growing steps keep the compute of all partials of a stretch
 * within about three times that of its final decoding.
 */
export function nextPartialAtMs(lengthMs: number): number {
  return Math.max(lengthMs + FIRST_PARTIAL_MS, lengthMs * 1.5);
}

/**
 * Listens until the audio ends. Input: mono at `SPEECH_RATE_HZ`, chunks of any size.
 * @throws AudioError of the engines; `job-cancelled` when aborted.
 */
export function listen(
  audio: AsyncIterable<Float32Array>,
  engines: ListenEngines,
  options: ListenOptions = {},
): AsyncGenerator<ListenEvent, void, undefined> {
  return channel<ListenEvent>((emit, signal) => new Listener(engines, options, emit, signal).run(audio), {
    capacity: 64,
    doing: "listening",
    signal: options.signal,
  });
}

type SpeechEnd = Extract<SpeechEvent, { type: "speech-end" }>;

interface OpenSpeech {
  readonly startMs: number;
  readonly segment: number;
  readonly over: AbortController;
  nextPartialMs: number;
  /** The partial being decoded now. */
  decoding: Promise<void> | undefined;
  /** Why a partial failed; met by the final decoding. */
  failure: unknown;
}

class Listener {
  readonly #engines: ListenEngines;
  readonly #partials: PartialPolicy;
  readonly #speech: SpeechOptions;
  readonly #emit: (event: ListenEvent) => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #recorder = new Recorder(WINDOW_MS);
  #open: OpenSpeech | undefined;
  #segments = 0;

  constructor(
    engines: ListenEngines,
    options: ListenOptions,
    emit: (event: ListenEvent) => Promise<void>,
    signal: AbortSignal,
  ) {
    this.#engines = engines;
    this.#partials = options.partials ?? "live";
    this.#speech = options.speech ?? {};
    this.#emit = emit;
    this.#signal = signal;
  }

  async run(audio: AsyncIterable<Float32Array>): Promise<void> {
    const { vad } = this.#engines;
    const tracker = createSpeechTracker(vad.frameMs, this.#speech);
    try {
      for await (const frame of vad.frames(this.#recorded(audio), { signal: this.#signal })) {
        await this.#follow(tracker.push(frame).events);
      }
      await this.#follow(tracker.end());
    } finally {
      await this.#abandonPartial();
    }
  }

  async #follow(events: readonly SpeechEvent[]): Promise<void> {
    for (const event of events) {
      if (event.type === "speech-start") await this.#begin(event.atMs);
      else await this.#finish(event);
    }
  }

  async *#recorded(audio: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
    for await (const chunk of audio) {
      this.#recorder.push(chunk);
      this.#considerPartial();
      if (this.#partials === "every") await this.#open?.decoding;
      yield chunk;
    }
  }

  async #begin(atMs: number): Promise<void> {
    await this.#emit({ type: "speech-start", atMs });
    this.#open = {
      startMs: atMs,
      segment: this.#segments,
      over: new AbortController(),
      nextPartialMs: FIRST_PARTIAL_MS,
      decoding: undefined,
      failure: undefined,
    };
    this.#considerPartial();
  }

  async #finish(event: SpeechEnd): Promise<void> {
    await this.#abandonPartial();
    const text = (await this.#transcribe(event.fromMs, event.toMs)) || (await this.#lookAgain(event));
    if (text === "") return;
    const segment = this.#segments;
    this.#segments += 1;
    await this.#emit({ type: "segment", segment, text, startMs: event.startMs, endMs: event.endMs });
  }

  async #transcribe(fromMs: number, toMs: number): Promise<string> {
    const samples = this.#recorder.between(fromMs, toMs);
    const { text } = await this.#engines.stt.transcribe(samples, { signal: this.#signal });
    return text.trim();
  }

  /** A recogniser may find no word in a short stretch only because of the silence round it ("ask not" in a speech). */
  async #lookAgain({ startMs, endMs, fromMs, toMs }: SpeechEnd): Promise<string> {
    const closer = { fromMs: Math.max(fromMs, startMs - CLOSE_MS), toMs: Math.min(toMs, endMs + CLOSE_MS) };
    if (closer.fromMs === fromMs && closer.toMs === toMs) return "";
    return await this.#transcribe(closer.fromMs, closer.toMs);
  }

  #considerPartial(): void {
    const open = this.#open;
    if (this.#partials === "off" || open === undefined || open.decoding !== undefined) return;
    const lengthMs = this.#recorder.endMs - open.startMs;
    if (lengthMs < open.nextPartialMs || open.failure !== undefined) return;
    open.nextPartialMs = nextPartialAtMs(lengthMs);
    open.decoding = this.#decodePartial(open).finally(() => {
      open.decoding = undefined;
    });
  }

  async #decodePartial(open: OpenSpeech): Promise<void> {
    const signal = AbortSignal.any([this.#signal, open.over.signal]);
    try {
      const soFar = this.#recorder.between(open.startMs - PARTIAL_LEAD_MS, Infinity);
      const { text } = await this.#engines.stt.transcribe(soFar, { signal });
      if (text.trim() === "" || signal.aborted) return;
      await this.#emit({ type: "partial", segment: open.segment, text: text.trim() });
    } catch (error) {
      // A lost partial costs nothing: the final decoding meets the same engine and reports what is wrong with it.
      open.failure = error;
    }
  }

  /** The stretch is over: its partial, if one is being made, is of no more use. */
  async #abandonPartial(): Promise<void> {
    const open = this.#open;
    this.#open = undefined;
    if (open === undefined) return;
    open.over.abort(new AudioError("job-cancelled", "the stretch of speech has ended", { nextStep: "None needed." }));
    await open.decoding;
    if (open.failure !== undefined && !isAudioError(open.failure)) throw open.failure;
  }
}
