/** The thread that one conversation is part of: what was said before it, and what it adds. */
import type { Exchange, KeptTurn, Memory } from "./port.ts";

/** Whose conversation, and which thread. */
export interface RememberedBy {
  readonly memory: Memory;
  readonly account: string;
  /** The one that is gone on with; when absent, the last one, if that is not too long ago, else a new one. */
  readonly threadId?: string | undefined;
}

export interface ThreadOptions extends RememberedBy {
  /** The last thread is gone on with if it was spoken in no longer ago. */
  readonly continueMs: number;
  readonly nowMs?: (() => number) | undefined;
  /** A turn could not be kept. */
  readonly onFailure?: ((error: unknown) => void) | undefined;
}

/** Turns that are read back: more than a conversation shows its model. */
const READ_BACK = 20;
/** Turns that wait to be written; what comes beyond is not kept, and told. */
const MOST_WAITING = 64;

export class ConversationThread {
  readonly #options: ThreadOptions;
  readonly #nowMs: () => number;
  #threadId: string | undefined;
  #writing: Promise<void> = Promise.resolve();
  #waiting = 0;

  constructor(options: ThreadOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? Date.now;
    this.#threadId = options.threadId;
  }

  /** Which it is; undefined until it was recalled, where none was named. */
  get threadId(): string | undefined {
    return this.#threadId;
  }

  /** What was said in it last, the oldest first. Never rejects: without its memory a conversation begins anew. */
  async recall(): Promise<readonly KeptTurn[]> {
    const { memory, account } = this.#options;
    // It may have been said at another peer a moment ago.
    await memory.settle();
    return memory.read(account, this.#choose(), { limit: READ_BACK });
  }

  /** Keeps an exchange, in the background, one after another. `id`: it is kept once under it, wherever it is noted. */
  note(exchange: Exchange & { readonly id?: string }): void {
    const { memory, account, onFailure } = this.#options;
    if (this.#waiting >= MOST_WAITING) return onFailure?.(new Error(`${MOST_WAITING} turns wait to be kept`));
    const turn = { id: crypto.randomUUID(), ...exchange, threadId: this.#choose(), atMs: this.#nowMs() };
    this.#waiting += 1;
    this.#writing = this.#writing
      .then(async () => void (await memory.note(account, turn)))
      .catch((error: unknown) => onFailure?.(error))
      .finally(() => {
        this.#waiting -= 1;
      });
  }

  /** Settles once all that was noted is kept, or has failed. */
  async written(): Promise<void> {
    await this.#writing;
  }

  #choose(): string {
    if (this.#threadId !== undefined) return this.#threadId;
    const { memory, account, continueMs } = this.#options;
    const [last] = memory.threads(account);
    const isRecent = last !== undefined && this.#nowMs() - last.lastAtMs <= continueMs;
    return (this.#threadId = isRecent ? last.threadId : crypto.randomUUID());
  }
}
