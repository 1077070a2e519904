// A stream of text into sentences worth speaking.
export { createChunker } from "./chunker.ts";
export type { Chunker, ChunkerOptions } from "./chunker.ts";
// From written text to what is said.
export { createSpeakable, speakable } from "./saying/speakable.ts";
export type { SpeakableOptions } from "./saying/speakable.ts";
export type { Spoken, SpokenWord } from "./saying/spoken.ts";
// The course of a spoken conversation.
export { OUTSIDE_STATE, createInteraction, interactionOptions } from "./interaction/index.ts";
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
// A language without its region.
export { languageNamed, primaryLanguage } from "./language.ts";
// SSML into what is to be said, and how.
export { isSsml, parseSsml } from "./ssml/document.ts";
export type { SpeakingSegment, SsmlDocument, SsmlMark, SsmlOptions, SsmlResult } from "./ssml/document.ts";
export { MAX_BREAK_MS, MAX_BREAKS_MS } from "./ssml/prosody.ts";
export type { Emphasis, Manner } from "./ssml/prosody.ts";
export { MAX_XML_CHARS, MAX_XML_DEPTH } from "./ssml/xml.ts";
export type { XmlFault } from "./ssml/xml.ts";
// When each word is heard, what the face does meanwhile, and what was heard of a reply that was cut off.
export { createEnvelopeMeter } from "./timing/envelope.ts";
export type { Envelope, EnvelopeMeter, Stretch } from "./timing/envelope.ts";
export { heardText } from "./timing/heard.ts";
export type { HeardChunk } from "./timing/heard.ts";
export type { Viseme } from "./timing/sounds.ts";
export { timeSpeech } from "./timing/timing.ts";
export type { SpeechSound, SpeechTiming, TimedWord, VisemeSpan } from "./timing/timing.ts";
// Which of the hosts that heard a wake word answers.
export { arbitrationOptions, bidScore, createArbiter } from "./arbitration/index.ts";
export type {
  Arbiter,
  ArbitrationEffect,
  ArbitrationMessage,
  ArbitrationOptions,
  Heard,
  Hearing,
  ScoreWeights,
  UtteranceId,
} from "./arbitration/index.ts";
// What was heard, fit to be read or obeyed.
export { normaliseCommand } from "./normalise/command.ts";
export type { CommandOptions } from "./normalise/command.ts";
export { normaliseDictation } from "./normalise/dictation.ts";
export { normaliseHeard } from "./normalise/heard.ts";
export type { NormaliseOptions } from "./normalise/heard.ts";
export { withoutWakeWord } from "./normalise/wake-word.ts";
// A hint at the tone of a reply.
export { toneOf } from "./tone/tone.ts";
export type { Tone } from "./tone/tone.ts";
// What a sound does to a reply that is being spoken.
export { bargeInOptions, createBargeIn } from "./bargein/index.ts";
export type { BargeIn, BargeInDecision, BargeInFrame, BargeInOptions } from "./bargein/index.ts";
// When a wake word counts as heard.
export { createWakeWatch } from "./wake/index.ts";
export type { WakeHit, WakeOptions, WakeRule, WakeScores, WakeWatch } from "./wake/index.ts";
// When somebody has finished.
export { createEndpointer, endOfTurnScore, endpointOptions, silenceFor } from "./endpoint/index.ts";
export type {
  EndOfTurnScore,
  EndpointEvent,
  EndpointFrame,
  EndpointOptions,
  Endpointer,
  PartialText,
  TurnContext,
} from "./endpoint/index.ts";
