/** What a client has asked its session for and has not been answered: where the session moves, nothing of it may be lost. */
import type { SessionIn, SessionOut } from "../services/session/wire.ts";

export class UnderWay {
  readonly #work = new Set<string>();
  /** Work of which something is spoken. */
  readonly #sounding = new Set<string>();
  /** MESSAGEs to the assistant have no name by which they could be asked again and answered once. */
  readonly #questions = new Set<string>();

  get isNothing(): boolean {
    return this.#work.size === 0 && this.#questions.size === 0;
  }

  /** Somebody hears an answer. */
  get isSounding(): boolean {
    return this.#sounding.size > 0;
  }

  /** One piece of work, and nothing beside it. */
  get isOne(): boolean {
    return this.#work.size === 1 && this.#questions.size === 0;
  }

  /** A client that knows where it has got to can ask for all of it again. */
  get canBeAskedAgain(): boolean {
    return this.#questions.size === 0;
  }

  asked(item: SessionIn): void {
    if (item.type === "command") this.#work.add(item.commandId);
    if (item.type === "question") this.#questions.add(item.message.messageId);
  }

  answered(item: SessionOut): void {
    if (item.type === "refused") return this.#over(item.inReplyTo);
    if (item.type !== "message") return;
    const { message } = item;
    if (message.type === "EVENT") this.#sounds(message.inReplyTo, message.payload.eventType);
    if (message.type === "COMMAND_RESULT") this.#over(message.payload.commandId);
    if (message.type === "MESSAGE" || message.type === "ERROR") this.#over(message.inReplyTo);
  }

  forget(): void {
    this.#work.clear();
    this.#sounding.clear();
    this.#questions.clear();
  }

  #sounds(id: string | undefined, eventType: string): void {
    if (id === undefined) return;
    if (eventType === "sentence") this.#sounding.add(id);
    // Between two sentences as well somebody hears what was sent ahead.
    if (eventType === "reply-end" || eventType === "stop" || eventType === "turn") this.#sounding.delete(id);
  }

  #over(id: string | undefined): void {
    if (id === undefined) return;
    this.#work.delete(id);
    this.#sounding.delete(id);
    this.#questions.delete(id);
  }
}
