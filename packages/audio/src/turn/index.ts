// A stream of text into sentences worth speaking.
export { createChunker } from "./chunker.ts";
export type { Chunker, ChunkerOptions } from "./chunker.ts";
// From written text to what is said.
export { createSpeakable, speakable } from "./saying/speakable.ts";
export type { SpeakableOptions } from "./saying/speakable.ts";
export type { Spoken, SpokenWord } from "./saying/spoken.ts";
// The course of a spoken conversation.
export { OUTSIDE_STATE, createInteraction, interactionMachine, interactionOptions } from "./interaction/index.ts";
export type {
  Capture,
  Interaction,
  InteractionEffect,
  InteractionEvent,
  InteractionOptions,
  InteractionState,
  Opening,
  Place,
  Signal,
  Stage,
  TurnOutcome,
} from "./interaction/index.ts";
// Frames of speech probability into stretches of speech.
export { createSpeechTracker, thresholdsFor } from "./speech/index.ts";
export type {
  SpeechEvent,
  SpeechFrame,
  SpeechOptions,
  SpeechState,
  SpeechStep,
  SpeechTracker,
} from "./speech/index.ts";
