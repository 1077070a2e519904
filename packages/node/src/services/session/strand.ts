/** One thread of a conversation, as it is thought about: what was said in it, in this session and, where it is kept, before. */
import {
  prompt,
  latest,
  remember,
  startConversation,
  type AnswerFate,
  type Conversation,
  type Exchange,
} from "../../assistant/conversation.ts";
import type { ChatMessage } from "../../providers/language-model.ts";
import type { Privacy } from "../../routing/index.ts";
import type { ConversationThread } from "../memory/thread.ts";
import { mergeExchanges } from "./merging.ts";

export class Strand {
  readonly #thread: ConversationThread | undefined;
  #conversation: Conversation;
  #recalled: Promise<void> | undefined;

  /**
   * @param thread where its turns are kept; nowhere, when absent
   * @param saved what was said elsewhere: {@link saved} there
   */
  constructor(systemPrompt: string, thread: ConversationThread | undefined, saved: readonly Exchange[] = []) {
    this.#conversation = startConversation(systemPrompt);
    this.#thread = thread;
    this.#add(saved);
  }

  /** What another host would have to be told to go on: nothing of what must not leave this one, nor of what is kept anyway. */
  get saved(): readonly Exchange[] {
    const isKept = this.#thread !== undefined;
    return this.#conversation.exchanges.filter(
      ({ privacy }) => privacy === "house" || (privacy === undefined && !isKept),
    );
  }

  /** {@link saved}, and what is kept: for whoever may not be able to read that. */
  get whole(): readonly Exchange[] {
    return this.#conversation.exchanges.filter(({ privacy }) => privacy !== "host");
  }

  /** What was said of it on another side of the house comes to its place. What is kept was kept there. */
  merge(exchanges: readonly Exchange[]): void {
    const merged = mergeExchanges(this.#conversation.exchanges, exchanges);
    this.#conversation = { ...this.#conversation, exchanges: latest(merged) };
  }

  /** Undefined where nothing is kept, and until the first question. */
  get threadId(): string | undefined {
    return this.#thread?.threadId;
  }

  /** Epoch: of the latest; 0 where nothing was said. */
  get lastMs(): number {
    return Math.max(0, ...this.#conversation.exchanges.map(({ atMs = 0 }) => atMs));
  }

  /**
   * The messages that put `question` to a model that may be as far away as `privacy` says.
   * @param id of what is asked: where it was answered before, its client has not heard all of that
   */
  async ask(question: string, privacy?: Privacy, id?: string): Promise<readonly ChatMessage[]> {
    await (this.#recalled ??= this.#recall());
    const { exchanges, ...rest } = this.#conversation;
    const others = exchanges.filter((each) => id === undefined || each.id !== id);
    return prompt({ ...rest, exchanges: others }, question, privacy);
  }

  /** What was said is part of what is thought about next, once, however often it is remembered. What must not go everywhere is not kept: what is kept may. */
  remember(question: string, answer: string, { wasInterrupted = false, privacy, ...given }: AnswerFate = {}): void {
    const { id = crypto.randomUUID(), atMs = Math.max(Date.now(), this.lastMs + 1) } = given;
    this.merge([{ question, answer, wasInterrupted, privacy, id, atMs }]);
    if (privacy === undefined) this.#thread?.note({ question, answer, wasInterrupted, id });
  }

  /** Settles once all that was said is kept. */
  async close(): Promise<void> {
    await this.#thread?.written();
  }

  async #recall(): Promise<void> {
    const kept = (await this.#thread?.recall()) ?? [];
    const { exchanges } = this.#conversation;
    const known = new Set(exchanges.map(({ id }) => id));
    this.#conversation = { ...this.#conversation, exchanges: [] };
    this.#add([...kept.filter(({ id }) => !known.has(id)), ...exchanges]);
  }

  #add(exchanges: readonly Exchange[]): void {
    for (const { question, answer, ...fate } of exchanges) {
      this.#conversation = remember(this.#conversation, question, answer, fate);
    }
  }
}
