/**
 * A conversation in simulated time. Words are tones: a recogniser can tell exactly what was in the sound it was given, so
 * a test sees every word that was lost, doubled, or said by the wrong side.
 */
import type { SpeechToText, TextToSpeech, VoiceFrames, WakeWord } from "../../../src/engines/index.ts";
import { AudioError } from "../../../src/index.ts";
import type { Pcm } from "../../../src/format/pcm.ts";
import { toFrames } from "../../../src/format/frames.ts";
import {
  converse,
  type ConversationClock,
  type ConversationEvent,
  type ConversationParts,
  type ConverseOptions,
  type LiveConversation,
  type ReplyPlayback,
} from "../../../src/pipeline/converse/index.ts";

export const RATE_HZ = 16_000;
const MS = RATE_HZ / 1000;
/** A frame of the microphone and of the detector. */
export const FRAME_MS = 32;
/** A spoken word is so many frames; between words there is one without sound. */
const WORD_FRAMES = 8;

/** Time that passes only when it is told to; what is due runs in order. */
export class VirtualClock implements ConversationClock {
  #nowMs = 0;
  #number = 0;
  readonly #timers = new Map<number, { readonly dueMs: number; readonly run: () => void }>();

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, then: () => void): () => void {
    const number = this.#number++;
    this.#timers.set(number, { dueMs: this.#nowMs + Math.max(0, ms), run: then });
    return () => this.#timers.delete(number);
  }

  /** Resolves when `ms` have passed; rejects when `signal` aborts. */
  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const stopped = (): void => {
        takeBack();
        reject(new AudioError("job-cancelled", "cancelled", { nextStep: "none" }));
      };
      const takeBack = this.after(ms, () => {
        signal?.removeEventListener("abort", stopped);
        resolve();
      });
      if (signal?.aborted === true) stopped();
      else signal?.addEventListener("abort", stopped, { once: true });
    });
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await settled();
      const next = [...this.#timers].toSorted(([a, x], [b, y]) => x.dueMs - y.dueMs || a - b)[0];
      if (next === undefined || next[1].dueMs > untilMs) break;
      this.#timers.delete(next[0]);
      this.#nowMs = Math.max(this.#nowMs, next[1].dueMs);
      next[1].run();
    }
    this.#nowMs = untilMs;
    await settled();
  }
}

/** Everything that waits on promises has run. */
async function settled(): Promise<void> {
  for (let i = 0; i < 4; i++) await new Promise((resolve) => setImmediate(resolve));
}

const VOCABULARY = [
  ..."stop yes what time is it i would like tea and coffee please tell me a long story about the sea no wait".split(
    " ",
  ),
  ..."one two three four five six seven eight nine ten".split(" "),
];

/** How a word sounds: a level of its own, which a recogniser can read. */
function valueOf(word: string): number {
  const index = VOCABULARY.indexOf(word);
  if (index < 0) throw new Error(`"${word}" is not in the test's vocabulary`);
  return 0.1 + index / 100;
}

function wordOf(value: number): string | undefined {
  return VOCABULARY[Math.round((value - 0.1) * 100)];
}

/** What a script sounds like, frame by frame: words, `~` a cough (loud, not speech), numbers: silence of so many ms. */
export function* soundOf(script: string): Generator<Float32Array> {
  for (const sign of script.split(/\s+/u).filter((part) => part !== "")) {
    const ms = Number(sign);
    if (Number.isFinite(ms)) for (let at = 0; at < ms; at += FRAME_MS) yield frame(0);
    else if (sign === "~") for (let i = 0; i < 6; i++) yield frame(-0.5);
    else {
      for (let i = 0; i < WORD_FRAMES; i++) yield frame(valueOf(sign));
      yield frame(0);
    }
  }
}

function frame(value: number): Float32Array {
  return new Float32Array(FRAME_MS * MS).fill(value);
}

/** Speech is what is above zero; a cough is below. Between words of a sentence a detector sees no pause of one frame. */
export const toneVad: VoiceFrames = {
  id: "tones",
  frameMs: FRAME_MS,
  async *frames(audio) {
    let atMs = 0;
    let lastVoiceMs = -1000;
    for await (const samples of toFrames(audio, FRAME_MS * MS, "pad")) {
      const value = samples[samples.length >> 1] ?? 0;
      if (value > 0) lastVoiceMs = atMs;
      yield { atMs, probability: value > 0 || atMs - lastVoiceMs <= FRAME_MS ? 0.99 : value < 0 ? 0.4 : 0.01 };
      atMs += FRAME_MS;
    }
  },
};

/** Hears a wake word at its end, two steps long. */
export function toneWake(word: string): WakeWord {
  return {
    id: "tones",
    words: [word],
    stepMs: FRAME_MS,
    async *scores(audio) {
      let atMs = 0;
      let run = 0;
      for await (const samples of toFrames(audio, FRAME_MS * MS, "pad")) {
        atMs += FRAME_MS;
        run = Math.abs((samples[samples.length >> 1] ?? 0) - valueOf(word)) < 0.001 ? run + 1 : 0;
        yield { atMs, scores: { [word]: run >= WORD_FRAMES - 1 ? 1 : 0 } };
      }
    },
  };
}

/** Hears exactly the words whose middle is in the sound. */
export function toneStt(
  clock: VirtualClock,
  delayMs = 100,
  fail: (call: number) => unknown = () => undefined,
): SpeechToText {
  let calls = 0;
  return {
    id: "tones",
    languages: ["en"],
    async transcribe(samples, { signal } = {}) {
      const error = fail(calls++);
      await clock.sleep(delayMs, signal);
      if (error !== undefined) throw error;
      const words: string[] = [];
      let run = 0;
      for (let at = 0; at < samples.length; at += 16) {
        const value = samples[at] ?? 0;
        run = value > 0 ? run + 1 : 0;
        if (run * 16 !== (WORD_FRAMES * FRAME_MS * MS) / 2) continue;
        const word = wordOf(value);
        if (word !== undefined) words.push(word);
      }
      return { text: words.join(" "), language: "en", realTimeFactor: 0.1 };
    },
  };
}

/** So many milliseconds of sound for each character. */
export const MS_PER_CHAR = 50;

export function plainTts(clock: VirtualClock, delayMs = 80): TextToSpeech {
  return {
    id: "plain",
    sampleRateHz: 8000,
    voices: [{ name: "plain", language: "en" }],
    async *synthesize(text, { signal } = {}) {
      await clock.sleep(delayMs, signal);
      yield { sampleRateHz: 8000, samples: new Float32Array(text.length * MS_PER_CHAR * 8).fill(0.3) };
    },
  };
}

/** A loudspeaker in simulated time. */
export class VirtualPlayback implements ReplyPlayback {
  readonly #clock: VirtualClock;
  #queuedMs = 0;
  #startMs = 0;
  #isOver = true;
  #reply = 0;
  readonly gains: { readonly atMs: number; readonly gainDb: number }[] = [];
  readonly stops: { readonly atMs: number; readonly heardMs: number }[] = [];

  constructor(clock: VirtualClock) {
    this.#clock = clock;
  }

  get heardMs(): number {
    return this.#queuedMs === 0 ? 0 : Math.min(this.#queuedMs, this.#clock.now() - this.#startMs);
  }

  get isPlaying(): boolean {
    return !this.#isOver && this.heardMs < this.#queuedMs;
  }

  async play(pcm: Pcm, signal?: AbortSignal): Promise<boolean> {
    if (this.#isOver) {
      this.#isOver = false;
      this.#reply += 1;
      this.#queuedMs = 0;
      this.#startMs = this.#clock.now();
    }
    const reply = this.#reply;
    while (this.#queuedMs - this.heardMs > 2000) await this.#clock.sleep(100, signal);
    if (reply !== this.#reply || this.#isOver) return false;
    // What came late left a gap.
    if (this.heardMs >= this.#queuedMs) this.#startMs = this.#clock.now() - this.#queuedMs;
    this.#queuedMs += (1000 * pcm.samples.length) / pcm.sampleRateHz;
    return true;
  }

  async finished(signal: AbortSignal): Promise<number> {
    const reply = this.#reply;
    while (this.#reply === reply && this.isPlaying) await this.#clock.sleep(10, signal);
    const { heardMs } = this;
    this.#isOver = true;
    return heardMs;
  }

  duck(gainDb: number): void {
    this.gains.push({ atMs: this.#clock.now(), gainDb });
  }

  restore(): void {
    this.duck(0);
  }

  stop(): { readonly heardMs: number } {
    const { heardMs } = this;
    this.stops.push({ atMs: this.#clock.now(), heardMs });
    this.#isOver = true;
    return { heardMs };
  }
}

/** A conversation whose microphone hears what a test says, when it says it. */
export class Room {
  readonly clock: VirtualClock;
  readonly playback: VirtualPlayback;
  readonly events: ConversationEvent[] = [];
  readonly atMs = new Map<ConversationEvent, number>();
  readonly asked: string[] = [];
  readonly conversation: LiveConversation;
  /** Resolves when the events have ended, with their error. */
  readonly over: Promise<unknown>;
  readonly #blocks: Float32Array[] = [];
  #more = Promise.withResolvers<void>();
  #isOver = false;

  constructor(
    answer: (question: string) => string,
    options: Omit<ConverseOptions, "clock"> & {
      readonly clock?: VirtualClock;
      readonly parts?: Partial<ConversationParts>;
      readonly tts?: TextToSpeech;
    } = {},
  ) {
    const { clock = new VirtualClock() } = options;
    this.clock = clock;
    this.playback = new VirtualPlayback(clock);
    const { asked } = this;
    const { parts, tts = plainTts(clock), ...rest } = options;
    async function* think(question: string, { signal }: { readonly signal: AbortSignal }): AsyncGenerator<string> {
      asked.push(question);
      await clock.sleep(200, signal);
      for (const word of answer(question).split(/(?<= )/u)) {
        await clock.sleep(20, signal);
        yield word;
      }
    }
    this.conversation = converse(
      this.#microphone(),
      {
        vad: toneVad,
        stt: toneStt(clock),
        think,
        voice: { tts, playback: this.playback },
        ...parts,
      },
      { interaction: { mode: "open" }, ...rest, clock },
    );
    this.over = this.#collect();
  }

  /** Says a script, in simulated time. */
  async say(script: string): Promise<void> {
    for (const samples of soundOf(script)) {
      this.#blocks.push(samples);
      this.#more.resolve();
      this.#more = Promise.withResolvers();
      await this.clock.advance(FRAME_MS);
    }
  }

  /** Silence until nothing is left to be done, for a minute at most. */
  async untilQuiet(): Promise<void> {
    for (let i = 0; i < 60_000 / FRAME_MS; i++) {
      await this.say(String(FRAME_MS));
      if (this.conversation.state === "idle") return;
    }
    throw new Error(`still ${this.conversation.state} after a minute of silence`);
  }

  /** The microphone is taken away; resolves with the error that the conversation ended with. */
  async end(): Promise<unknown> {
    this.#isOver = true;
    this.#more.resolve();
    await this.clock.advance(120_000);
    return this.over;
  }

  of<T extends ConversationEvent["type"]>(type: T): Extract<ConversationEvent, { type: T }>[] {
    return this.events.filter((event): event is Extract<ConversationEvent, { type: T }> => event.type === type);
  }

  async *#microphone(): AsyncGenerator<Float32Array> {
    for (;;) {
      const next = this.#blocks.shift();
      if (next !== undefined) yield next;
      else if (this.#isOver) return;
      else await this.#more.promise;
    }
  }

  async #collect(): Promise<unknown> {
    try {
      for await (const event of this.conversation.events) {
        this.atMs.set(event, this.clock.now());
        this.events.push(event);
      }
      return undefined;
    } catch (error) {
      return error;
    }
  }
}
