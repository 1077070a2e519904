/** The caller's audio on its way to a peer, and again to the next one. */
import { unusableError } from "../../errors.ts";
import { encodeAudioFrame, type AudioFrame } from "../../protocol/audio-frame.ts";
import { AudioLog, type CapturedSound } from "./audio-log.ts";
import { INPUT_RATE_HZ, msUntil, samplesUntil, type Said } from "./course.ts";

/** Mono audio at {@link INPUT_RATE_HZ}, in chunks of any size. */
export type AudioInput = AsyncIterable<Float32Array>;
/** As {@link AudioInput}, from whoever can tell how much of it is its own playback. */
export type TalkInput = AsyncIterable<Float32Array | CapturedSound>;

/** 100 ms a frame. */
const FRAME_SAMPLES = 1600;
/** Above this many unsent bytes, reading the caller's audio waits. */
const SEND_HIGH_WATER_BYTES = 1_048_576;
const SEND_POLL_MS = 5;
/** What is kept for the next peer, ten minutes: 19 MB. */
const KEPT_SAMPLES = 600 * INPUT_RATE_HZ;
/** Without a connection the caller's audio is read on so far, and then waits. */
const AHEAD_SAMPLES = 120 * INPUT_RATE_HZ;
/** Audio that is no further ahead of the clock is live. */
const LIVE_MS = 5_000;

/** What the upload needs of the connection. */
export interface UploadLine {
  readonly bufferedAmount: number;
  send(bytes: Uint8Array<ArrayBuffer>): void;
}

/** Where it is sent now. */
interface Way {
  readonly stream: number;
  readonly line: UploadLine;
  /** The peer takes frames that say how much of them is playback. */
  readonly tellsEcho: boolean;
  /** All of it was sent. */
  readonly onEnd: () => void;
  /** Of the sample that this peer counts as its first. */
  readonly from: number;
  sequence: number;
}

/** Options of {@link Upload}. */
export interface UploadOptions {
  /** See `Course`. */
  readonly neededFrom: (said: Said) => number | undefined;
  /** Live sound is not held back while there is no connection: the oldest is given up. */
  readonly neverWaits: boolean;
  /** The caller's own source has failed. */
  readonly onFailed: (error: unknown) => void;
}

export class Upload {
  readonly #options: UploadOptions;
  readonly #log = new AudioLog(KEPT_SAMPLES);
  readonly #over = new AbortController();
  readonly #startedMs = performance.now();
  #way: Way | undefined;
  /** The next that is to be sent. */
  #cursor = 0;
  /** The most that was sent to any peer. */
  #sent = 0;
  #isLive = true;
  #hasEnded = false;
  #isDraining = false;
  #draining: Promise<void> = Promise.resolve();
  #wake: (() => void) | undefined;

  constructor(options: UploadOptions) {
    this.#options = options;
  }

  /** How much was said, and as what. */
  get said(): Said {
    return { samples: this.#sent, isLive: this.#isLive };
  }

  /** Behind the newest sample. */
  get position(): number {
    return this.#log.end;
  }

  /** Where the next peer would begin; undefined when what it would need is not kept any more. */
  beginning(mayMiss: boolean): number | undefined {
    const needed = this.#options.neededFrom(this.said) ?? this.#log.end;
    if (needed >= this.#log.start || mayMiss) return Math.max(needed, this.#log.start);
    return undefined;
  }

  /** Reads the caller's audio to its end. */
  async read(audio: TalkInput): Promise<void> {
    try {
      for await (const given of audio) {
        if (this.#over.signal.aborted) return;
        this.#log.add(soundOf(given));
        // Once it was ahead of the clock it is a recording, however long ago: peers may be behind by any of it.
        if (msUntil(this.#log.end) - (performance.now() - this.#startedMs) >= LIVE_MS) this.#isLive = false;
        if (this.#way !== undefined) await this.#drain();
        else await this.#untilRead();
        if (this.#over.signal.aborted) return;
        this.#forget();
      }
      this.#hasEnded = true;
      await this.#drain();
    } catch (error) {
      this.#options.onFailed(error);
    }
  }

  /** From now on it goes this way, beginning with the sample at `from`. */
  begin(from: number, way: Pick<Way, "stream" | "line" | "tellsEcho" | "onEnd">): void {
    this.#way = { ...way, from, sequence: 0 };
    this.#cursor = from;
    this.#wake?.();
    void this.#drain();
  }

  /** There is no way for now. */
  halt(): void {
    this.#way = undefined;
  }

  /** Nobody needs any of it any more. */
  stop(): void {
    this.halt();
    this.#over.abort();
    this.#wake?.();
  }

  #drain(): Promise<void> {
    if (!this.#isDraining) {
      this.#isDraining = true;
      this.#draining = this.#send();
    }
    return this.#draining;
  }

  async #send(): Promise<void> {
    try {
      await this.#sendAll();
    } finally {
      this.#isDraining = false;
    }
  }

  async #sendAll(): Promise<void> {
    for (;;) {
      const way = this.#way;
      if (way === undefined || this.#over.signal.aborted) return;
      // The oldest may have fallen out while there was no room.
      this.#cursor = Math.max(this.#cursor, this.#log.start);
      const sound = this.#log.read(this.#cursor, FRAME_SAMPLES);
      if (sound === undefined) return this.#toldEnd(way);
      if (way.line.bufferedAmount > SEND_HIGH_WATER_BYTES) {
        await new Promise((resolve) => {
          setTimeout(resolve, SEND_POLL_MS);
        });
        continue;
      }
      way.line.send(encodeAudioFrame(this.#frame(way, sound)));
      way.sequence += 1;
      this.#cursor += sound.samples.length;
      this.#sent = Math.max(this.#sent, this.#cursor);
    }
  }

  #frame(way: Way, { samples, echo = 0 }: CapturedSound): AudioFrame {
    const timestampMs = msUntil(this.#cursor - way.from) % 0xffff_ffff;
    const { stream, sequence } = way;
    const frame: AudioFrame = { stream, sequence, timestampMs, sampleRateHz: INPUT_RATE_HZ, samples };
    return way.tellsEcho && echo > 0 ? { ...frame, echo } : frame;
  }

  #toldEnd(way: Way): void {
    if (this.#hasEnded) way.onEnd();
  }

  /** While there is no connection, until there is one or the caller's audio may be read on. */
  async #untilRead(): Promise<void> {
    while (this.#way === undefined && !this.#over.signal.aborted && this.#isFarAhead()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  #isFarAhead(): boolean {
    return !this.#options.neverWaits && this.#log.end - this.#cursor > AHEAD_SAMPLES;
  }

  #forget(): void {
    const needed = this.#options.neededFrom(this.said);
    this.#log.forget(Math.min(needed ?? this.#cursor, this.#cursor));
  }
}

/** @throws ParleyError `refused` for what no type allows, as plain JavaScript may give it */
function soundOf(given: Float32Array | CapturedSound): CapturedSound {
  const sound = given instanceof Float32Array ? { samples: given } : given;
  const samples: unknown = typeof sound === "object" ? Object(sound).samples : undefined;
  if (samples instanceof Float32Array) return sound;
  throw unusableError("the audio holds something that is no Float32Array", "Give mono floats at 16 kHz.");
}

/** Before the place where speech was noticed, so that its beginning is heard again as well. */
export const BEFORE_SPEECH_SAMPLES = samplesUntil(500);
