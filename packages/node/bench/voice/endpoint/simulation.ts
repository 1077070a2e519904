/**
 * A live conversation in simulated time, so that what is measured is what was decided, and not how busy the machine was.
 * What is said, detected and recognised is real; how long recognising, thinking and speaking take is stated.
 */
import type { SpeechToText, TextToSpeech, VoiceFrame, VoiceFrames } from "@parley/audio/engines";
import {
  converse,
  type ConversationClock,
  type ConversationEvent,
  type ConverseOptions,
  type ReplyPlayback,
} from "@parley/audio/converse";
import { Blocks } from "../../../src/testing/conversation/index.ts";

/** A block of the microphone, and a frame of the detector. */
const FRAME_MS = 32;
const MS = 16;
/** A usual voice. */
const MS_PER_CHAR = 60;
const REPLY = "All right. I have looked that up for you, and this is what there is to say about it.";
/** Longer than any answer and any wait. */
const LIMIT_MS = 60_000;

/** How long the engines take, in milliseconds. */
export interface Delays {
  readonly stt: (soundMs: number) => number;
  readonly think: number;
  /** To the first sound of a chunk. */
  readonly tts: number;
}

/** How a conversation with one clip went. Times from the clip's first sample. */
export interface Course {
  /** What was asked, turn by turn. */
  readonly questions: readonly string[];
  /** When the end of what is said was found, each time. */
  readonly endsMs: readonly number[];
  /** When a reply began to sound. */
  readonly soundsMs: readonly number[];
}

/** Time that passes when it is told to, and stands still while an engine computes. */
class SimulatedClock implements ConversationClock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();
  readonly #held = new Set<Promise<unknown>>();

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { dueMs: this.#nowMs + Math.max(0, ms), run: then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Resolves when `ms` have passed, or `signal` aborts. */
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    const over = Promise.withResolvers<void>();
    const takeBack = this.after(ms, over.resolve);
    signal?.addEventListener("abort", () => over.resolve(), { once: true });
    await over.promise;
    takeBack();
    signal?.throwIfAborted();
  }

  /** Time stands still until `work` is done. */
  async hold<T>(work: Promise<T>): Promise<T> {
    this.#held.add(work);
    try {
      return await work;
    } finally {
      this.#held.delete(work);
    }
  }

  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    for (;;) {
      await this.#settled();
      let next: { readonly dueMs: number; readonly run: () => void } | undefined;
      for (const timer of this.#timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
      if (next === undefined || next.dueMs > untilMs) break;
      this.#timers.delete(next);
      this.#nowMs = Math.max(this.#nowMs, next.dueMs);
      next.run();
    }
    this.#nowMs = untilMs;
    await this.#settled();
  }

  async #settled(): Promise<void> {
    do {
      await Promise.allSettled(this.#held);
      for (let i = 0; i < 4; i += 1) await new Promise((resolve) => setImmediate(resolve));
    } while (this.#held.size > 0);
  }
}

/** A loudspeaker that plays in simulated time. */
class SimulatedPlayback implements ReplyPlayback {
  readonly #clock: SimulatedClock;
  readonly soundsMs: number[] = [];
  #startMs = 0;
  #queuedMs = 0;
  #over = Promise.withResolvers<void>();

  constructor(clock: SimulatedClock) {
    this.#clock = clock;
  }

  get heardMs(): number {
    return this.#queuedMs === 0 ? 0 : Math.min(this.#queuedMs, this.#clock.now() - this.#startMs);
  }

  async play({ samples, sampleRateHz }: { readonly samples: Float32Array; readonly sampleRateHz: number }) {
    if (this.#queuedMs === 0) {
      this.#startMs = this.#clock.now();
      this.soundsMs.push(this.#startMs);
      this.#over = Promise.withResolvers();
    }
    this.#queuedMs += (1000 * samples.length) / sampleRateHz;
    return true;
  }

  async finished(signal: AbortSignal): Promise<number> {
    const restMs = this.#queuedMs - this.heardMs;
    await Promise.race([this.#clock.sleep(restMs, signal), this.#over.promise]);
    const { heardMs } = this;
    this.#queuedMs = 0;
    return heardMs;
  }

  duck(): void {
    // Nobody listens.
  }

  restore(): void {
    // As above.
  }

  stop(): { readonly heardMs: number } {
    const { heardMs } = this;
    this.#queuedMs = 0;
    this.#over.resolve();
    return { heardMs };
  }
}

/** What a conversation is held with. */
export interface Stage {
  readonly frames: readonly VoiceFrame[];
  readonly stt: SpeechToText;
  readonly delays: Delays;
  /** Without it, answers are written. */
  readonly speaks: boolean;
  readonly options?: ConverseOptions;
}

/**
 * Plays `sound` into a conversation, as fast as it was spoken, and waits for the last answer.
 * @throws AudioError `job-cancelled` when none comes
 */
export async function heldWith(sound: Float32Array, stage: Stage): Promise<Course> {
  const clock = new SimulatedClock();
  const playback = new SimulatedPlayback(clock);
  const microphone = new Blocks();
  const stop = new AbortController();
  const { stt, delays, options } = stage;
  const live = converse(
    microphone,
    {
      vad: recorded(stage.frames),
      stt: {
        ...stt,
        transcribe: async (samples, { signal } = {}) => {
          const heard = await clock.hold(stt.transcribe(samples));
          await clock.sleep(delays.stt(samples.length / MS), signal);
          return heard;
        },
      },
      async *think(_, { signal }) {
        await clock.sleep(delays.think, signal);
        yield REPLY;
      },
      voice: stage.speaks ? { tts: plain(clock, delays.tts), playback } : undefined,
    },
    { interaction: { mode: "open" }, ...options, clock, signal: stop.signal },
  );
  const course = { questions: [] as string[], endsMs: [] as number[], soundsMs: playback.soundsMs };
  const reading = follow(live.events, (event) => {
    if (event.type === "signal" && event.signal === "captured") course.endsMs.push(clock.now());
    if (event.type === "turn" && event.question !== "") course.questions.push(event.question);
  });
  for (let at = 0; at < sound.length; at += FRAME_MS * MS) {
    microphone.push(sound.subarray(at, at + FRAME_MS * MS));
    await clock.advance(FRAME_MS);
  }
  microphone.end();
  for (let ms = 0; ms < LIMIT_MS && live.state !== "idle"; ms += 100) await clock.advance(100);
  await clock.advance(100);
  // One that has not come to its end by now never will: that is told, and not waited for.
  if (live.state !== "idle") stop.abort(new Error(`still ${live.state} after ${LIMIT_MS} ms`));
  await reading;
  return course;
}

async function follow(
  events: AsyncIterable<ConversationEvent>,
  see: (event: ConversationEvent) => void,
): Promise<void> {
  for await (const event of events) see(event);
}

/** A detector that has heard the sound before: each frame when its last sample is there. */
function recorded(frames: readonly VoiceFrame[]): VoiceFrames {
  return {
    id: "recorded",
    frameMs: FRAME_MS,
    async *frames(audio) {
      let [samples, next] = [0, 0];
      for await (const block of audio) {
        samples += block.length;
        for (let frame = frames[next]; frame !== undefined && (frame.atMs + FRAME_MS) * MS <= samples;) {
          yield frame;
          next += 1;
          frame = frames[next];
        }
      }
    },
  };
}

function plain(clock: SimulatedClock, delayMs: number): TextToSpeech {
  return {
    id: "plain",
    sampleRateHz: 8000,
    voices: [{ name: "plain", language: "en" }],
    async *synthesize(text, { signal } = {}) {
      await clock.sleep(delayMs, signal);
      yield { sampleRateHz: 8000, samples: new Float32Array(text.length * MS_PER_CHAR * 8) };
    },
  };
}
