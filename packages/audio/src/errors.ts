/**
 * The one error type of `@parley/audio`. Every failure a caller can meet is one of these codes; `nextStep` is a
 * sentence a person can act on.
 */

/** What went wrong, for programs. Codes are stable; messages are not. */
export type AudioErrorCode =
  // format/
  | "audio-empty"
  | "audio-truncated"
  | "audio-corrupt"
  | "audio-unsupported"
  | "audio-too-long"
  // devices/
  | "device-missing"
  | "device-failed"
  | "device-lost"
  // pipeline/
  | "no-speech"
  // engines/
  | "engine-start-failed"
  | "engine-crashed"
  | "engine-stalled"
  | "engine-out-of-memory"
  | "engine-busy"
  | "engine-failed"
  | "engine-closed"
  | "job-cancelled"
  | "job-timed-out"
  | "input-refused"
  // models/
  | "model-unknown"
  | "model-missing"
  | "model-corrupt"
  | "models-refused"
  | "download-failed"
  | "disk-full"
  | "file-unreadable"
  | "file-unwritable";

/** Values worth having in a log beside the message. Never contains what a person said. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** Options of {@link AudioError}. */
export interface AudioErrorOptions {
  /** What the person can do now, as a sentence. */
  readonly nextStep: string;
  readonly details?: ErrorDetails;
  readonly cause?: unknown;
}

/** A failure in hearing, speaking or fetching models: what failed, where, and what to do next. */
export class AudioError extends Error {
  override readonly name = "AudioError";
  readonly code: AudioErrorCode;
  readonly nextStep: string;
  readonly details: ErrorDetails;

  constructor(code: AudioErrorCode, message: string, options: AudioErrorOptions) {
    super(message, { cause: options.cause });
    this.code = code;
    this.nextStep = options.nextStep;
    this.details = options.details ?? {};
  }
}

/** True when `error` is an {@link AudioError}, with one of `codes` when any are given. */
export function isAudioError(error: unknown, ...codes: readonly AudioErrorCode[]): error is AudioError {
  return error instanceof AudioError && (codes.length === 0 || codes.includes(error.code));
}
