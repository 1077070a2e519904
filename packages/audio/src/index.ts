/** `@parley/audio`: what every part of it shares. The parts have entries of their own: `@parley/audio/format`, … */

/** Errors. */
export { AudioError, isAudioError } from "./errors.ts";
export type { AudioErrorCode, AudioErrorOptions, ErrorDetails } from "./errors.ts";
/** Sound in memory. */
export { durationMs, SPEECH_RATE_HZ } from "./format/pcm.ts";
export type { Pcm } from "./format/pcm.ts";
