/** What the language model is shown of a conversation. Pure; lives with its session and is forgotten with it. */
import type { ChatMessage } from "../providers/language-model.ts";
import { mayBePartOf, type Privacy } from "../routing/index.ts";

/** Bounds of what is kept and shown. */
export interface ConversationLimits {
  /** Question and answer pairs. */
  readonly pairs: number;
  /** Characters of all of them together; the newest pair is kept whatever its length. */
  readonly characters: number;
}

/** 20 pairs is the source documents' window; the characters fit a 2,048-token model with room for its answer. */
export const DEFAULT_LIMITS: ConversationLimits = { pairs: 20, characters: 4000 };

/** What was asked, and what was heard of the answer. */
export interface Exchange {
  readonly question: string;
  /** As far as it was heard. */
  readonly answer: string;
  readonly wasInterrupted: boolean;
  /** How far it may go; wherever anything may when absent. */
  readonly privacy?: Privacy | undefined;
  /** Names it among all: what was said on two sides of a house is told apart by it. */
  readonly id?: string | undefined;
  /** Epoch: when it was asked; later than that of all that was known where it was. */
  readonly atMs?: number | undefined;
}

/** Told to the model, so that it does not take for said what nobody heard. */
const INTERRUPTED = " … (interrupted)";

/** How an answer went, and how far it may go. */
export interface AnswerFate {
  /** It was cut: `answer` is what was heard of it. */
  readonly wasInterrupted?: boolean;
  readonly privacy?: Privacy | undefined;
  readonly id?: string | undefined;
  readonly atMs?: number | undefined;
}

/** A conversation so far. */
export interface Conversation {
  readonly systemPrompt: string;
  readonly exchanges: readonly Exchange[];
}

export function startConversation(systemPrompt: string): Conversation {
  return { systemPrompt, exchanges: [] };
}

/** The conversation after `question` got `answer` (which may have been cut short), trimmed to `limits`. */
export function remember(
  conversation: Conversation,
  question: string,
  answer: string,
  { wasInterrupted = false, privacy, id, atMs }: AnswerFate = {},
  limits: ConversationLimits = DEFAULT_LIMITS,
): Conversation {
  const exchange = { question, answer, wasInterrupted, privacy, id, atMs };
  return { ...conversation, exchanges: latest([...conversation.exchanges, exchange], limits) };
}

/** As many of the last ones as fit. */
export function latest(
  exchanges: readonly Exchange[],
  limits: ConversationLimits = DEFAULT_LIMITS,
): readonly Exchange[] {
  const all = exchanges.slice(-limits.pairs);
  let characters = 0;
  let from = all.length;
  for (const exchange of all.toReversed()) {
    characters += exchange.question.length + exchange.answer.length;
    if (characters > limits.characters && from < all.length) break;
    from -= 1;
  }
  return all.slice(from);
}

/** The messages that put `question` to the model. What must not go as far as the question may is not among them. */
export function prompt(conversation: Conversation, question: string, privacy?: Privacy): readonly ChatMessage[] {
  const { systemPrompt } = conversation;
  const exchanges = conversation.exchanges.filter((exchange) => mayBePartOf(privacy, exchange.privacy));
  return [
    ...(systemPrompt === "" ? [] : [{ role: "system", content: systemPrompt } as const]),
    ...exchanges.flatMap((exchange): ChatMessage[] => [
      { role: "user", content: exchange.question },
      { role: "assistant", content: exchange.wasInterrupted ? exchange.answer + INTERRUPTED : exchange.answer },
    ]),
    { role: "user", content: question },
  ];
}
