// A stream of text into sentences worth speaking.
export { createChunker } from "./chunker.ts";
export type { Chunker, ChunkerOptions } from "./chunker.ts";
// From written text to what is said.
export { createSpeakable, speakable } from "./saying/speakable.ts";
export type { SpeakableOptions } from "./saying/speakable.ts";
export type { Spoken, SpokenWord } from "./saying/spoken.ts";
