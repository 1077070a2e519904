/** The port to whatever thinks: an embedded model, a server of the house, later an account elsewhere. */

/** One message of a conversation. */
export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** Options of {@link LanguageModel.generate}. */
export interface GenerateOptions {
  readonly signal?: AbortSignal;
  /** Longest answer, in tokens. */
  readonly maxTokens?: number;
  /** 0 always takes the likeliest token. */
  readonly temperature?: number;
  /** Makes the choice repeatable, where the provider allows it. */
  readonly seed?: number;
}

/** A language model. */
export interface LanguageModel {
  /** For people and logs, such as `ollama:llama3.2`. */
  readonly id: string;
  /** The answer as it is written. The last message is the user's. */
  generate(messages: readonly ChatMessage[], options?: GenerateOptions): AsyncIterable<string>;
}
