/** Makes a conversation fit a model's context window. Pure; the model's tokenizer comes in as a function. */
import type { ChatMessage } from "../language-model.ts";

/**
 * `messages` in at most `budgetTokens`, as `countTokens` counts them. The oldest turns go first; system messages and
 * the last message stay, and are shortened only when they alone are too long: a system message loses its end, the last
 * message its beginning.
 */
export function fitContext(
  messages: readonly ChatMessage[],
  budgetTokens: number,
  countTokens: (messages: readonly ChatMessage[]) => number,
): readonly ChatMessage[] {
  let kept = [...messages];
  while (countTokens(kept) > budgetTokens) {
    const oldest = kept.findIndex((message, index) => message.role !== "system" && index < kept.length - 1);
    if (oldest >= 0) {
      kept.splice(oldest, 1);
      continue;
    }
    const longest = kept.reduce((best, message, at) => (message.content.length > lengthAt(kept, best) ? at : best), 0);
    if (lengthAt(kept, longest) === 0) return kept;
    const ratio = budgetTokens / countTokens(kept);
    kept = kept.map((message, index) => (index === longest ? shortened(message, ratio) : message));
  }
  return kept;
}

function lengthAt(messages: readonly ChatMessage[], index: number): number {
  return messages[index]?.content.length ?? 0;
}

/** At least one character shorter, so that shortening ends. */
function shortened(message: ChatMessage, ratio: number): ChatMessage {
  const { length } = message.content;
  const keep = Math.max(0, Math.min(length - 1, Math.floor(length * ratio)));
  const content = message.role === "system" ? message.content.slice(0, keep) : message.content.slice(length - keep);
  return { ...message, content };
}
