// Which of the hosts that heard a wake word answers.
export { createArbiter } from "./arbiter.ts";
export type { Arbiter, Heard } from "./arbiter.ts";
export { arbitrationOptions } from "./messages.ts";
export type { ArbitrationEffect, ArbitrationMessage, ArbitrationOptions, UtteranceId } from "./messages.ts";
export { bidScore } from "./score.ts";
export type { Hearing, ScoreWeights } from "./score.ts";
