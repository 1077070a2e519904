/** What a conversation hears: frames and wake words of one live stream, made into news for the interaction machine. */
import { level } from "../../format/level.ts";
import { periodicity, PERIODICITY_LEAD } from "../../format/periodicity.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { voiceBandDbfs, VOICE_BAND_LEAD } from "../../format/voice-band.ts";
import { createBargeIn, type BargeIn, type BargeInOptions } from "../../turn/bargein/index.ts";
import { NoiseFloor } from "../../turn/bargein/floor.ts";
import { createEndpointer, type Endpointer, type EndpointOptions } from "../../turn/endpoint/index.ts";
import type { Capture, InteractionEffect, InteractionEvent, Place } from "../../turn/interaction/index.ts";
import { createSpeechTracker, type SpeechOptions, type SpeechTracker } from "../../turn/speech/index.ts";
import { createWakeWatch } from "../../turn/wake/index.ts";
import type { VoiceFrame } from "../../engines/contracts.ts";
import type { Saying } from "../hearing/hearing.ts";
import type { Span } from "../hearing/pieces.ts";
import { Recorder } from "../recorder.ts";
import type { ConversationClock, ConversationParts, WakeHeard } from "./contracts.ts";
import { FrameHistory, type HeardFrame } from "./frames.ts";
import { Tap } from "./tap.ts";

/** How ears listen. */
export interface EarsOptions {
  readonly speech?: SpeechOptions | undefined;
  readonly endpoint?: Partial<EndpointOptions> | undefined;
  readonly bargeIn?: Partial<BargeInOptions> | undefined;
}

/** What ears tell. */
export interface EarsNews {
  event(event: InteractionEvent): void;
  wake(hit: WakeHeard, endMs: number): void;
  /** Told for every frame, after what it brought. */
  heard(): void;
  /** An engine died; it is started anew and hears what it has missed. */
  failed(error: unknown): void;
}

const MS = SPEECH_RATE_HZ / 1000;
/** A longest turn that was joined by another, with room. */
const WINDOW_MS = 130_000;
/** Voice since ears were opened that is somebody's, not the rest of a wake word. */
const SPOKE_MS = 160;
const LEAD_MS = 250;
/** openWakeWord wants so much before a word. */
const WAKE_LEAD_MS = 2000;
/** A wake word and what follows without a pause are recognised together. */
const WAKE_WORD_MS = 1200;

interface OpenEars {
  readonly fromMs: number;
  readonly capture: Capture;
  /** The wake word was said in one breath with the question. */
  readonly isFluent: () => boolean;
  voicedMs: number;
  spoke: boolean;
}

/** One microphone. */
export class Ears {
  readonly #parts: ConversationParts;
  readonly #news: EarsNews;
  readonly #clock: ConversationClock;
  readonly #recorder = new Recorder(WINDOW_MS);
  readonly #history: FrameHistory;
  readonly #frameMs: number;
  readonly #tracker: SpeechTracker;
  readonly #endpointer: Endpointer;
  readonly #bargeIn: BargeIn;
  readonly #floor: NoiseFloor;
  #open: OpenEars | undefined;
  /** Those that are open, or were last. */
  #last: OpenEars | undefined;
  #watches = false;
  #isDucked = false;
  #heardMs = 0;
  /** End of the last voice. */
  #voicedMs = 0;
  #wakeHeardMs = 0;
  /** Up to here what was said is being answered; a detector that is behind may hear it only now. */
  #takenMs = 0;

  constructor(parts: ConversationParts, options: EarsOptions, news: EarsNews, clock: ConversationClock) {
    this.#parts = parts;
    this.#news = news;
    this.#clock = clock;
    this.#frameMs = parts.vad.frameMs;
    const frameMs = this.#frameMs;
    this.#history = new FrameHistory(frameMs, WINDOW_MS);
    this.#tracker = createSpeechTracker(frameMs, options.speech);
    this.#endpointer = createEndpointer({ ...options.endpoint, frameMs });
    this.#bargeIn = createBargeIn({ ...options.bargeIn, frameMs });
    this.#floor = new NoiseFloor(frameMs, 1500);
  }

  /** Length of what came in so far. */
  get endMs(): number {
    return this.#recorder.endMs;
  }

  /** Listens until `audio` has ended; the engines are read to their end. */
  async run(audio: AsyncIterable<Float32Array>, signal: AbortSignal): Promise<void> {
    const { wake } = this.#parts;
    const voice = new Tap(this.#recorder, this.#clock, 0);
    const word = wake === undefined ? undefined : new Tap(this.#recorder, this.#clock, WAKE_LEAD_MS);
    const failed = (error: unknown): void => this.#news.failed(error);
    await Promise.all([
      this.#feed(audio, word === undefined ? [voice] : [voice, word]),
      voice.run(
        (blocks, baseMs) => this.#watchFrames(blocks, baseMs, signal),
        () => this.#heardMs,
        failed,
        signal,
      ),
      word?.run(
        (blocks, baseMs) => this.#watchWords(blocks, baseMs, signal),
        () => this.#wakeHeardMs,
        failed,
        signal,
      ),
    ]);
  }

  /** Opens them for what somebody asks, from a place that may lie in the past. */
  open({ fromMs, capture, opening }: Extract<InteractionEffect, { type: "open-ears" }>): void {
    const from = fromMs === "now" ? this.endMs : fromMs;
    const isFluent = (): boolean => opening === "wake" && !this.#history.pausesBetween(from - 200, from + 400);
    this.#open = { fromMs: from, capture, isFluent, voicedMs: 0, spoke: false };
    this.#last = this.#open;
    // Of a turn that goes on, only what is being said now: pauses that are over end nothing.
    const current = Math.max(from, this.#history.runStartMs(this.#heardMs));
    this.#endpointer.reset(this.#history.pauseBeforeMs(current, from));
    for (const frame of this.#history.since(current)) this.#listen(frame);
  }

  close(): void {
    this.#open = undefined;
  }

  /** What was said up to there is being answered: it does not interrupt its own answer, however late it is heard. */
  taken(toMs: number): void {
    this.#takenMs = toMs;
  }

  /** A reply, or the work for one, is on: sounds may interrupt it. */
  watch(on: boolean): void {
    if (on && !this.#watches) {
      this.#bargeIn.reset();
      this.#isDucked = false;
    }
    this.#watches = on;
  }

  /** The reply begins to be heard: a sound that is there already ducks it. */
  playing(): void {
    if (this.#isDucked) this.#news.event({ type: "duck" });
  }

  /** What was recognised so far of what is being said, up to `throughMs`. */
  recognised(text: string, throughMs: number): number | undefined {
    this.#endpointer.partial({ text, throughMs });
    return this.#endpointer.complete;
  }

  /** Where what somebody has said between two places is found, with the margins that a recogniser wants. */
  span(fromMs: Place, toMs: Place): Span {
    const to = toMs === "now" ? this.endMs : toMs;
    const from = fromMs === "now" ? to : fromMs;
    const begin = this.#last?.isFluent() === true ? this.#wordStartMs(from) : from;
    const voice = this.#history.firstVoiceMs(begin) ?? begin;
    return { fromMs: Math.max(0, voice - LEAD_MS), toMs: to };
  }

  /** What was captured between two moments. */
  between(fromMs: number, toMs: number): Float32Array {
    return this.#recorder.between(fromMs, toMs);
  }

  /** What is being said into open ears. */
  get saying(): Saying | undefined {
    if (this.#open?.spoke !== true) return undefined;
    return { ...this.span(this.#open.fromMs, "now"), voicedMs: this.#voicedMs, heardMs: this.#heardMs };
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  #wordStartMs(endMs: number): number {
    return Math.max(endMs - WAKE_WORD_MS, this.#history.runStartMs(endMs));
  }

  async #feed(audio: AsyncIterable<Float32Array>, taps: readonly Tap[]): Promise<void> {
    try {
      for await (const block of audio) {
        this.#recorder.push(block);
        for (const tap of taps) await tap.push(block);
      }
    } finally {
      for (const tap of taps) tap.end();
    }
  }

  async #watchFrames(blocks: AsyncIterable<Float32Array>, baseMs: number, signal: AbortSignal): Promise<void> {
    for await (const frame of this.#parts.vad.frames(blocks, { signal })) {
      this.#onFrame({ ...frame, atMs: baseMs + frame.atMs });
    }
  }

  #onFrame({ atMs, probability }: VoiceFrame): void {
    const endMs = atMs + this.#frameMs;
    this.#heardMs = endMs;
    const { rmsDbfs } = level(this.#recorder.between(atMs, endMs));
    const echo = this.#parts.echo?.(atMs, endMs) ?? 0;
    // Our own voice is nobody's speech.
    const { events, state } = this.#tracker.push({ atMs, probability: probability * (1 - echo) });
    this.#floor.push(rmsDbfs, state === "silence" && echo < 0.5);
    const frame = { atMs, voiced: state === "speech" || state === "voice" };
    this.#history.push(frame);
    if (frame.voiced) this.#voicedMs = endMs;
    for (const event of events) {
      if (event.type === "speech-start" && this.#open === undefined && event.atMs >= this.#takenMs) {
        this.#news.event({ type: "speech-start", startMs: event.atMs });
      }
    }
    this.#listen(frame);
    this.#guard({ atMs, speech: probability, levelDbfs: rmsDbfs, echo });
    this.#news.heard();
  }

  /** Looks for the beginning and the end of what is asked. */
  #listen(frame: HeardFrame): void {
    const open = this.#open;
    if (open === undefined) return;
    open.voicedMs = frame.voiced ? open.voicedMs + this.#frameMs : 0;
    if (!open.spoke && open.voicedMs >= SPOKE_MS) {
      open.spoke = true;
      this.#news.event({ type: "speech-start", startMs: frame.atMs + this.#frameMs - open.voicedMs });
    }
    if (open.capture !== "endpoint" || this.#open !== open) return;
    for (const event of this.#endpointer.push(frame)) this.#news.event(event);
  }

  /** Looks for what interrupts a reply. */
  #guard(frame: {
    readonly atMs: number;
    readonly speech: number;
    readonly levelDbfs: number;
    readonly echo: number;
  }): void {
    // Wake words come by themselves.
    const { atMs } = frame;
    const bandDbfs = this.#bandDbfsAt(atMs);
    const decision = this.#bargeIn.push({ ...frame, bandDbfs, wake: false, periodicity: this.#periodicityAt(atMs) });
    if (atMs < this.#takenMs) return this.#bargeIn.reset();
    if (decision === undefined || !this.#watches) return;
    this.#isDucked = decision.type === "duck";
    if (decision.type === "stop") {
      const { onsetMs } = decision;
      this.#news.event({ type: "barge-in", startMs: onsetMs, heardMs: this.#heardOfReplyAt(onsetMs) });
    } else this.#news.event({ type: decision.type });
  }

  #bandDbfsAt(atMs: number): number {
    const sound = this.#recorder.between(Math.max(0, atMs - VOICE_BAND_LEAD / MS), atMs + this.#frameMs);
    return voiceBandDbfs(sound, MS * this.#frameMs);
  }

  /** Only while there is something to interrupt: it costs more than all else that is done with a frame here. */
  #periodicityAt(atMs: number): number | undefined {
    if (!this.#watches) return undefined;
    const endMs = atMs + this.#frameMs;
    const sound = this.#recorder.between(Math.max(0, atMs - PERIODICITY_LEAD / MS), endMs);
    return periodicity(sound, MS * this.#frameMs);
  }

  /** How much of the reply had been heard when the microphone was at `atMs`. */
  #heardOfReplyAt(atMs: number): number {
    const heardMs = this.#parts.voice?.playback.heardMs ?? 0;
    return Math.max(0, heardMs - (this.endMs - atMs));
  }

  async #watchWords(blocks: AsyncIterable<Float32Array>, baseMs: number, signal: AbortSignal): Promise<void> {
    const { wake } = this.#parts;
    if (wake === undefined) return;
    const watch = createWakeWatch(wake.rules);
    for await (const step of wake.engine.scores(blocks, { signal })) {
      const atMs = baseMs + step.atMs;
      // After a new start the lead is heard a second time.
      if (atMs <= this.#wakeHeardMs) continue;
      this.#wakeHeardMs = atMs;
      const hit = watch.push({ input: "microphone", atMs, scores: step.scores });
      if (hit === undefined) continue;
      const { rmsDbfs } = level(this.#recorder.between(atMs - WAKE_WORD_MS, atMs));
      const floorDbfs = rmsDbfs - this.#floor.above(rmsDbfs);
      const agoMs = Math.max(0, this.#recorder.endMs - atMs);
      this.#news.wake({ word: hit.word, score: hit.score, levelDbfs: rmsDbfs, floorDbfs, agoMs }, atMs);
    }
  }
}
