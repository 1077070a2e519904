/** What sound comes from and goes to. Times are milliseconds of one monotonic clock. */
import type { AudioError } from "../errors.ts";

/** Where live sound comes from: a microphone, a file, a pipe, silence. */
export interface AudioSource {
  /** What it is, for a person: "microphone (parec)". */
  readonly name: string;
  readonly sampleRateHz: number;
  /**
   * The sound, in mono blocks of any size, until it ends or `signal` aborts, which ends it without an error. One reader
   * at a time.
   * @throws AudioError `device-missing`, `device-failed`; of files and pipes what reading them throws.
   */
  blocks(signal: AbortSignal): AsyncGenerator<Float32Array, void, undefined>;
}

/** An open way to a loudspeaker, a file, a pipe or nowhere. */
export interface AudioSink {
  /** Sound held behind `write` before it is heard, as far as it can be known. */
  readonly latencyMs: number;
  /**
   * Hands mono samples over; resolves when they were taken.
   * @throws AudioError `device-lost`; `file-unwritable`, `disk-full` of files.
   */
  write(samples: Float32Array): Promise<void>;
  /** Lets what was handed over be heard, and lets go. Never rejects twice for one failure. */
  close(): Promise<void>;
}

/** Something a sink can be opened on, again and again. */
export interface SinkDevice {
  /** What it is, for a person: "speaker (pacat)". */
  readonly name: string;
  readonly sampleRateHz: number;
  /** Opening it a second time would undo what was played: it is kept open until nothing more is played at all. */
  readonly opensOnce?: boolean;
  /** @throws AudioError `device-missing`, `device-failed`. */
  open(signal: AbortSignal): Promise<AudioSink>;
}

/** What becomes of a device while it is used. */
export type DeviceEvent =
  { readonly type: "lost"; readonly error: AudioError; readonly retryInMs: number } | { readonly type: "back" };

/** Time, as devices need it. */
export interface DeviceClock {
  /** Monotonic. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when `signal` aborts. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}
