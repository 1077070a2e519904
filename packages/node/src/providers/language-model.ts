/** The port to whatever writes the answers: an embedded model, Ollama, or a provider elsewhere. */
import type { Rounds } from "./rounds.ts";

/** One turn of a conversation as a model reads it. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Options of {@link LanguageModel.generate}. */
export interface GenerateOptions {
  /** Aborting rejects with `job-cancelled`, or `job-timed-out` when the reason is a `TimeoutError`. */
  readonly signal?: AbortSignal;
  /** Goes before answers that are not, where answers wait for each other. */
  readonly urgent?: boolean;
  /** The longest answer, in tokens. */
  readonly maxTokens?: number;
  /** 0: always the likeliest word; 1: lively. */
  readonly temperature?: number;
  /** Same seed, same messages, same model: same answer. */
  readonly seed?: number;
  /** Of the same answer as others before and after it. */
  readonly rounds?: Rounds;
}

/**
 * Writes the assistant's next turn, in pieces as they come; where the last message is the assistant's, what comes behind it. Leaving
 * the loop early stops the model.
 */
export interface LanguageModel {
  readonly id: string;
  generate(messages: readonly ChatMessage[], options?: GenerateOptions): AsyncIterable<string>;
}
