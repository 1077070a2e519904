/** Makes a conversation fit a model's context window. Pure; the model's tokenizer comes in as a function. */
import type { ChatMessage } from "../language-model.ts";

/**
 * `messages` in at most `budgetTokens`, as `countTokens` counts them. The oldest turns go first; system messages and
 * the last message stay (with the one before, where the last is an answer that is to go on), and are shortened only when they
 * alone are too long: a system message loses its end, the others their beginning.
 */
export function fitContext(
  messages: readonly ChatMessage[],
  budgetTokens: number,
  countTokens: (messages: readonly ChatMessage[]) => number,
): readonly ChatMessage[] {
  const fits = (kept: readonly ChatMessage[]) => countTokens(kept) <= budgetTokens;
  // An answer that is to go on goes on behind what it answers.
  const keptFrom = messages.length - (messages.at(-1)?.role === "assistant" ? 2 : 1);
  const turns = messages.flatMap(({ role }, index) => (role === "system" || index >= keptFrom ? [] : [index]));
  const without = (count: number) => {
    const dropped = new Set(turns.slice(0, count));
    return messages.filter((_message, index) => !dropped.has(index));
  };
  // The smallest number of turns to drop, by bisection: counting tokens means tokenising the whole conversation.
  let atLeast = 0;
  let atMost = turns.length;
  if (fits(messages)) return messages;
  while (atLeast < atMost) {
    const middle = Math.floor((atLeast + atMost) / 2);
    if (fits(without(middle))) atMost = middle;
    else atLeast = middle + 1;
  }
  let kept = without(atLeast);
  while (!fits(kept)) {
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
