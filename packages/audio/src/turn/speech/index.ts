/** Frames of speech probability become stretches of speech. */
export { createSpeechTracker } from "./tracker.ts";
export type { SpeechEvent, SpeechFrame, SpeechState, SpeechStep, SpeechTracker } from "./tracker.ts";
export { thresholdsFor } from "./options.ts";
export type { SpeechOptions } from "./options.ts";
