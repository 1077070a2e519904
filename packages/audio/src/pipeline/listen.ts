/** Hearing: a stream of audio becomes stretches of speech, and those become text, with partials on the way. */
import type { HeardWord, HearingMode, PartialPolicy, SpeechToText, VoiceFrames } from "../engines/contracts.ts";
import { writtenAsHeard } from "../turn/normalise/by-mode.ts";
import { createSpeechTracker, type SpeechEvent, type SpeechOptions } from "../turn/speech/index.ts";
import { speechLimits } from "../turn/speech/options.ts";
import { channel } from "./channel.ts";
import { REAL_CLOCK } from "./converse/clock.ts";
import type { ConversationClock } from "./converse/contracts.ts";
import { Hearing } from "./hearing/hearing.ts";
import { Recorder } from "./recorder.ts";

/** What is heard, in order. Times count from the first sample. */
export type ListenEvent =
  | { readonly type: "speech-start"; readonly atMs: number }
  /** The stretch so far, as the recogniser wrote it; replaces the partial before it. */
  | { readonly type: "partial"; readonly segment: number; readonly text: string }
  /** A whole stretch of speech. */
  | {
      readonly type: "segment";
      readonly segment: number;
      /** Written as its mode wants it. */
      readonly text: string;
      /** As the recogniser wrote it. */
      readonly verbatim: string;
      /** Where the voice was, by its detector. */
      readonly startMs: number;
      readonly endMs: number;
      /** BCP 47. */
      readonly language: string;
      /** 0 to 1; only from recognisers that tell it. */
      readonly confidence?: number | undefined;
      /** Of `verbatim`; only from recognisers that tell when words are said. */
      readonly words?: readonly HeardWord[] | undefined;
    };

/** The engines that hear. */
export interface ListenEngines {
  readonly vad: VoiceFrames;
  readonly stt: SpeechToText;
}

/** Options of {@link listen}. */
export interface ListenOptions {
  readonly partials?: PartialPolicy | undefined;
  /** Orders, or text that is written by voice; sentences as they are said when absent. */
  readonly mode?: HearingMode | undefined;
  /** Names and words that are likely. */
  readonly hotWords?: readonly string[] | undefined;
  /** BCP 47 tag of what is spoken. */
  readonly language?: string | undefined;
  /** What counts as speech, and when it is over. */
  readonly speech?: SpeechOptions | undefined;
  readonly signal?: AbortSignal | undefined;
  /** For waits between tries. The machine's when absent. */
  readonly clock?: ConversationClock | undefined;
}

/** Longer than the longest stretch that may be allowed (60 s), with its margins; it bounds the recorder. */
const WINDOW_MS = 62_000;
/** Margin of the second look at a stretch in which no word was found. */
const CLOSE_MS = 100;

/**
 * Listens until the audio ends. Input: mono at `SPEECH_RATE_HZ`, chunks of any size. A recogniser that dies over a stretch is
 * given it again.
 * @throws AudioError of engines that do not come back; `job-cancelled` when aborted.
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

class Listener {
  readonly #engines: ListenEngines;
  readonly #options: ListenOptions;
  readonly #emit: (event: ListenEvent) => Promise<void>;
  readonly #signal: AbortSignal;
  readonly #recorder = new Recorder(WINDOW_MS);
  readonly #hearing: Hearing;
  /** Where the stretch that goes on begins, with its margin. */
  #openMs: number | undefined;
  /** Where the sound of the last stretch ended. */
  #takenMs = 0;
  #voicedMs = 0;
  #segments = 0;
  /** A partial on its way to a reader. */
  #telling: Promise<void> | undefined;

  constructor(
    engines: ListenEngines,
    options: ListenOptions,
    emit: (event: ListenEvent) => Promise<void>,
    signal: AbortSignal,
  ) {
    this.#engines = engines;
    this.#options = options;
    this.#emit = emit;
    this.#signal = signal;
    const { mode, hotWords, language, partials, clock = REAL_CLOCK, speech } = options;
    // The tracker cuts what becomes too long.
    const whole = { pieceMs: Infinity, longestPieceMs: Infinity };
    this.#hearing = new Hearing(
      engines.stt,
      (fromMs, toMs) => this.#recorder.between(fromMs, toMs),
      clock,
      { mode, hotWords, language, partials, tailMs: speechLimits(speech).tailMs, ...whole },
      (text) => this.#onPartial(text),
    );
  }

  async run(audio: AsyncIterable<Float32Array>): Promise<void> {
    const { vad } = this.#engines;
    const tracker = createSpeechTracker(vad.frameMs, this.#options.speech);
    try {
      for await (const frame of vad.frames(this.#recorded(audio), { signal: this.#signal })) {
        const { events, state } = tracker.push(frame);
        const toMs = frame.atMs + vad.frameMs;
        if (state === "speech" || state === "voice") this.#voicedMs = toMs;
        for (const event of events) await this.#on(event);
        await this.#follow(toMs);
      }
      for (const event of tracker.end()) await this.#on(event);
    } finally {
      this.#hearing.close();
      await this.#telling;
    }
  }

  async *#recorded(audio: AsyncIterable<Float32Array>): AsyncGenerator<Float32Array> {
    for await (const chunk of audio) {
      this.#recorder.push(chunk);
      yield chunk;
    }
  }

  async #on(event: SpeechEvent): Promise<void> {
    if (event.type === "speech-end") return await this.#finish(event);
    await this.#emit(event);
    this.#openMs = Math.max(this.#takenMs, event.atMs - speechLimits(this.#options.speech).leadMs);
  }

  async #follow(toMs: number): Promise<void> {
    const { stt } = this.#engines;
    // Who hears while somebody speaks has the text sooner, also where nobody wants partials.
    if (this.#openMs === undefined || (this.#options.partials === "off" && stt.startStream === undefined)) return;
    const following = this.#hearing.follow({ fromMs: this.#openMs, toMs, voicedMs: this.#voicedMs, heardMs: toMs });
    if (this.#options.partials === "every") await following;
  }

  async #finish(event: SpeechEnd): Promise<void> {
    this.#openMs = undefined;
    this.#takenMs = event.toMs;
    const { fromMs, toMs, startMs, endMs } = event;
    const heard =
      (await this.#recognise(fromMs, toMs)) ??
      // A recogniser may find no word in a short stretch only because of the silence round it ("ask not" in a speech).
      (await this.#recognise(Math.max(fromMs, startMs - CLOSE_MS), Math.min(toMs, endMs + CLOSE_MS), { fromMs, toMs }));
    if (heard === undefined) return;
    await this.#telling;
    const segment = this.#segments;
    this.#segments += 1;
    const { mode, hotWords } = this.#options;
    const { text: verbatim, language, confidence, words } = heard;
    const text = writtenAsHeard(verbatim, { mode, hotWords, language });
    await this.#emit({ type: "segment", segment, text, verbatim, startMs, endMs, language, confidence, words });
  }

  /** Undefined when there is no word in it, or it is what was looked at before. */
  async #recognise(fromMs: number, toMs: number, before?: { readonly fromMs: number; readonly toMs: number }) {
    if (before?.fromMs === fromMs && before.toMs === toMs) return undefined;
    const heard = await this.#hearing.finish({ fromMs, toMs }, this.#signal);
    return heard.text === "" ? undefined : heard;
  }

  #onPartial(text: string): void {
    if (this.#openMs === undefined || this.#telling !== undefined) return;
    this.#telling = this.#emit({ type: "partial", segment: this.#segments, text })
      // Nobody reads any more: whoever finishes the stretch is told as well.
      .catch(() => undefined)
      .finally(() => {
        this.#telling = undefined;
      });
  }
}
