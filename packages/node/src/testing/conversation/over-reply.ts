/**
 * A long reply that somebody speaks, coughs or knocks over, in simulated time: the conversation, the detector and the echo
 * canceller are the real ones; a frame is there when its last sample is, and what computing it took is added to what it brings.
 */
import {
  converse,
  createEchoCanceller,
  createEchoPath,
  type ConversationClock,
  type ReplyPlayback,
} from "@parley/audio/converse";
import type { VoiceFrame, VoiceFrames } from "@parley/audio/engines";
import type { Leak } from "@parley/audio/testing";
import type { BargeInOptions } from "@parley/audio/turn";
import { EchoLog } from "../../services/ears/echo-log.ts";
import { Blocks } from "./blocks.ts";

/** A block of the microphone and of the loudspeaker. */
const BLOCK_MS = 10;
const BLOCK = 16 * BLOCK_MS;

/** How our own voice comes back. */
export interface EchoScene {
  readonly leak: Leak;
  /** What is being said by us, 16 kHz mono; said again when it is over. */
  readonly reply: Float32Array;
  /** The client takes it out of the microphone. */
  readonly cleans: boolean;
  /** The client says how much there was of it, or how likely what it gives is the rest of it. */
  readonly tells: boolean;
  /** The loudspeaker's clock against the microphone's: so many parts in a million faster. */
  readonly driftPpm?: number;
  /** At this time of the reply, the echo comes so much later. */
  readonly jump?: { readonly atMs: number; readonly byMs: number };
}

/** What is heard, and with what. */
export interface Scene {
  readonly vad: VoiceFrames;
  /** What the microphone hears beside our own voice, from the reply's beginning. */
  readonly sound: Float32Array;
  readonly echo?: EchoScene;
  readonly bargeIn?: Partial<BargeInOptions>;
}

/** What was done about it, in order. */
export interface Reaction {
  readonly type: "duck" | "restore" | "stop";
  /** From the reply's beginning. */
  readonly atMs: number;
}

/** Holds a reply against `sound`, and for two seconds more. */
export async function heldAgainst(scene: Scene): Promise<readonly Reaction[]> {
  const clock = new SteppedClock();
  const vad = new LockedVad(scene.vad, clock);
  const echo = scene.echo === undefined ? undefined : await echoOf(scene.echo);
  const log = new EchoLog();
  const loudspeaker = new Loudspeaker(() => clock.now() + vad.computedMs);
  const blocks = new Blocks();
  const over = new AbortController();
  const live = converse(
    blocks,
    {
      vad: vad.frames,
      stt: {
        id: "deaf",
        languages: ["en"],
        transcribe: () => Promise.resolve({ text: "go on", language: "en", realTimeFactor: 0 }),
      },
      async *think() {
        yield "And so it goes on.";
      },
      voice: { tts: ENDLESS, playback: loudspeaker },
      ...(scene.echo?.tells === true ? { echo: log.between.bind(log) } : {}),
    },
    { interaction: { mode: "wake", followUpMs: 0 }, bargeIn: scene.bargeIn, clock, signal: over.signal },
  );
  const reading = live.events[Symbol.asyncIterator]();
  const drained = (async () => {
    while ((await reading.next()).done !== true);
  })().catch((error: unknown) => {
    if (!over.signal.aborted) throw error;
  });
  const step = async (heard: Float32Array): Promise<void> => {
    const nowMs = clock.now();
    const given = echo?.through(loudspeaker.next(), heard, nowMs) ?? [{ samples: heard, share: 0 }];
    // A block is there when it is over.
    await clock.advance(BLOCK_MS);
    for (const { samples, share } of given) {
      log.push(samples.length, share);
      blocks.push(samples);
    }
    await clock.settled();
  };
  const quiet = (ms: number): Float32Array[] =>
    Array.from({ length: ms / BLOCK_MS }, () => scene.sound.slice(0, BLOCK));
  live.press();
  for (const block of quiet(300)) await step(block);
  live.release();
  for (let n = 0; n < 100 && live.state !== "speaking"; n += 1) await step(scene.sound.slice(0, BLOCK));
  if (live.state !== "speaking") throw new Error(`no reply began: the conversation is ${live.state}`);
  loudspeaker.begin();
  const startMs = clock.now();
  for (let at = 0; at < scene.sound.length; at += BLOCK) {
    const block = new Float32Array(BLOCK);
    block.set(scene.sound.subarray(at, at + BLOCK));
    echo?.at(clock.now() - startMs);
    await step(block);
  }
  const done = loudspeaker.done.map(({ type, atMs }) => ({ type, atMs: atMs - startMs }));
  // The conversation's end stops it, too.
  over.abort();
  blocks.end();
  await clock.settled();
  await drained;
  echo?.close();
  return done;
}

/** What the canceller leaves of `sound` while a reply that nobody turns down leaks into it, 16 kHz mono. */
export async function cleanedOf(sound: Float32Array, scene: EchoScene): Promise<Float32Array> {
  const echo = await echoOf(scene);
  const cleaned = new Float32Array(sound.length);
  try {
    for (let at = 0; at + BLOCK <= sound.length; at += BLOCK) {
      echo.at(at / 16);
      let end = at;
      for (const { samples } of echo.through({ gain: 1, isOn: true }, sound.subarray(at, at + BLOCK), at / 16)) {
        cleaned.set(samples, end);
        end += samples.length;
      }
    }
  } finally {
    echo.close();
  }
  return cleaned;
}

/** The way of our own voice from the loudspeaker into the microphone, and out of it again. */
async function echoOf({ leak, reply, cleans, driftPpm = 0, jump }: EchoScene) {
  const canceller = await createEchoCanceller();
  const path = createEchoPath(canceller, 16_000);
  const delayMs = leak.delayMs;
  let [read, owed] = [0, 0];
  return {
    at(ms: number): void {
      if (jump !== undefined && ms >= jump.atMs) leak.delayMs = delayMs + jump.byMs;
    },
    /** One block of both, at the microphone's clock. */
    through({ gain, isOn }: { gain: number; isOn: boolean }, heard: Float32Array, nowMs: number) {
      // The faster loudspeaker plays a sample more now and then.
      owed += (BLOCK * driftPpm) / 1e6;
      const extra = Math.floor(owed);
      owed -= extra;
      const played = new Float32Array(BLOCK + extra);
      if (isOn) for (let n = 0; n < played.length; n += 1) played[n] = gain * (reply[read++ % reply.length] ?? 0);
      path.played(played, nowMs);
      const leaked = leak.heard(played);
      const microphone = heard.map((sample, n) => sample + (leaked[n] ?? 0));
      return path.heard(microphone, nowMs).map((frame, n) => ({
        samples: cleans ? frame.samples : microphone.subarray(n * BLOCK, (n + 1) * BLOCK),
        share: cleans ? frame.residueLikelihood : frame.echoLikelihood,
      }));
    },
    close: () => canceller[Symbol.dispose](),
  };
}

const ENDLESS = {
  id: "endless",
  sampleRateHz: 8000,
  voices: [{ name: "endless", language: "en" }],
  async *synthesize() {
    yield { sampleRateHz: 8000, samples: new Float32Array(8000) };
  },
};

/** Plays for ever, and writes down what is done with it. */
class Loudspeaker implements ReplyPlayback {
  readonly done: Reaction[] = [];
  readonly #now: () => number;
  #gain = 1;
  #isOn = false;
  #beganMs = 0;
  readonly #over = Promise.withResolvers<number>();

  /** @param now with what computing took */
  constructor(now: () => number) {
    this.#now = now;
  }

  get heardMs(): number {
    return this.#isOn ? this.#now() - this.#beganMs : 1;
  }

  begin(): void {
    this.#isOn = true;
    this.#beganMs = this.#now();
  }

  next(): { readonly gain: number; readonly isOn: boolean } {
    return { gain: this.#gain, isOn: this.#isOn };
  }

  play(): Promise<boolean> {
    return Promise.resolve(true);
  }

  finished(): Promise<number> {
    return this.#over.promise;
  }

  duck(gainDb: number): void {
    this.#gain = 10 ** (gainDb / 20);
    this.done.push({ type: "duck", atMs: this.#now() });
  }

  restore(): void {
    this.#gain = 1;
    this.done.push({ type: "restore", atMs: this.#now() });
  }

  stop(): { readonly heardMs: number } {
    const { heardMs } = this;
    this.#isOn = false;
    this.done.push({ type: "stop", atMs: this.#now() });
    this.#over.resolve(heardMs);
    return { heardMs };
  }
}

/** Time that passes block by block, and stands still while the detector computes. */
class SteppedClock implements ConversationClock {
  #nowMs = 0;
  readonly #timers = new Set<{ readonly dueMs: number; readonly run: () => void }>();
  /** Work that time waits for. */
  busy: Promise<unknown> | undefined;

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, then: () => void): () => void {
    const timer = { dueMs: this.#nowMs + ms, run: then };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  async advance(ms: number): Promise<void> {
    await this.settled();
    this.#nowMs += ms;
    for (const timer of [...this.#timers].toSorted((a, b) => a.dueMs - b.dueMs)) {
      if (timer.dueMs > this.#nowMs || !this.#timers.delete(timer)) continue;
      timer.run();
      await this.settled();
    }
  }

  async settled(): Promise<void> {
    for (;;) {
      for (let n = 0; n < 2; n += 1) await new Promise((resolve) => setImmediate(resolve));
      if (this.busy === undefined) return;
      await this.busy;
    }
  }
}

/** A detector that time waits for. */
class LockedVad {
  readonly frames: VoiceFrames;
  /** What the newest frame took. */
  computedMs = 0;
  readonly #clock: SteppedClock;
  #due = 0;
  #looks = 0;
  #sinceMs = 0;
  #caughtUp = Promise.withResolvers<void>();

  constructor(vad: VoiceFrames, clock: SteppedClock) {
    this.#clock = clock;
    this.frames = { ...vad, frames: (audio, options) => this.#counted(vad.frames(this.#dues(audio, vad), options)) };
  }

  async *#dues(audio: AsyncIterable<Float32Array>, { frameMs }: VoiceFrames): AsyncGenerator<Float32Array> {
    let samples = 0;
    for await (const block of audio) {
      samples += block.length;
      this.#due = Math.floor(samples / (16 * frameMs));
      if (this.#due > this.#looks && this.#clock.busy === undefined) {
        this.#sinceMs = performance.now();
        this.#caughtUp = Promise.withResolvers();
        this.#clock.busy = this.#caughtUp.promise;
      }
      yield block;
    }
  }

  async *#counted(frames: AsyncIterable<VoiceFrame>): AsyncGenerator<VoiceFrame> {
    for await (const frame of frames) {
      this.computedMs = performance.now() - this.#sinceMs;
      this.#looks += 1;
      yield frame;
      if (this.#looks < this.#due) continue;
      this.#clock.busy = undefined;
      this.#caughtUp.resolve();
    }
  }
}
