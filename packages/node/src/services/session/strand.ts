/** One thread of a conversation, as it is thought about: what was said in it, in this session and, where it is kept, before. */
import {
  prompt,
  remember,
  startConversation,
  type AnswerFate,
  type Conversation,
} from "../../assistant/conversation.ts";
import type { ChatMessage } from "../../providers/language-model.ts";
import type { Privacy } from "../../routing/index.ts";
import type { ConversationThread } from "../memory/thread.ts";

export class Strand {
  readonly #thread: ConversationThread | undefined;
  #conversation: Conversation;
  #recalled: Promise<void> | undefined;

  /** @param thread where its turns are kept; nowhere, when absent */
  constructor(systemPrompt: string, thread: ConversationThread | undefined) {
    this.#conversation = startConversation(systemPrompt);
    this.#thread = thread;
  }

  /** Undefined where nothing is kept, and until the first question. */
  get threadId(): string | undefined {
    return this.#thread?.threadId;
  }

  /** The messages that put `question` to a model that may be as far away as `privacy` says. */
  async ask(question: string, privacy?: Privacy): Promise<readonly ChatMessage[]> {
    await (this.#recalled ??= this.#recall());
    return prompt(this.#conversation, question, privacy);
  }

  /** What was said is part of what is thought about next. What must not go everywhere is not kept: what is kept may. */
  remember(question: string, answer: string, { wasInterrupted = false, privacy }: AnswerFate = {}): void {
    this.#conversation = remember(this.#conversation, question, answer, { wasInterrupted, privacy });
    if (privacy === undefined) this.#thread?.note({ question, answer, wasInterrupted });
  }

  /** Settles once all that was said is kept. */
  async close(): Promise<void> {
    await this.#thread?.written();
  }

  async #recall(): Promise<void> {
    for (const { question, answer, wasInterrupted } of (await this.#thread?.recall()) ?? []) {
      this.#conversation = remember(this.#conversation, question, answer, { wasInterrupted });
    }
  }
}
