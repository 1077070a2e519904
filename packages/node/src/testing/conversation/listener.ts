/** Reads what happens in a conversation, and waits for what is to come. */
import { setTimeout as sleep } from "node:timers/promises";
import type { ConversationEvent, TalkSession } from "@parley/sdk";

/** An event of one kind. */
export type TalkEventOf<T extends ConversationEvent["type"]> = Extract<ConversationEvent, { type: T }>;

const LOOK_MS = 10;

/** Follows a conversation to its end. */
export class TalkListener {
  /** All that has happened, with when it was told (`performance.now()`). */
  readonly events: (ConversationEvent & { readonly toldMs: number })[] = [];
  /** Resolves when the conversation has ended; with why, when it ended badly. Never rejects. */
  readonly over: Promise<unknown>;
  #isOver = false;

  constructor(session: TalkSession) {
    this.over = this.#read(session);
  }

  of<T extends ConversationEvent["type"]>(type: T): (TalkEventOf<T> & { readonly toldMs: number })[] {
    return this.events.filter((event): event is TalkEventOf<T> & { toldMs: number } => event.type === type);
  }

  /**
   * Waits until `found` gives something. @throws Error with the last events when the conversation ends before, or `withinMs`
   * (default 60,000) pass
   */
  async until<T>(what: string, found: () => T | undefined, withinMs = 60_000): Promise<T> {
    const giveUpMs = performance.now() + withinMs;
    for (;;) {
      const value = found();
      if (value !== undefined) return value;
      if (this.#isOver || performance.now() > giveUpMs) {
        const why = this.#isOver
          ? `the conversation ended (${String(await this.over)})`
          : `${withinMs / 1000} s passed`;
        throw new Error(`${why} without ${what}; it went:\n${this.course()}`);
      }
      await sleep(LOOK_MS);
    }
  }

  /** All that has happened, a line each, for whoever looks for what went wrong. */
  course(): string {
    const startedMs = this.events[0]?.toldMs ?? 0;
    const lines = this.events
      .filter(({ type }) => type !== "text" && type !== "timing")
      .map(({ toldMs, ...event }) => `${Math.round(toldMs - startedMs)} ms ${JSON.stringify(event)}`);
    return lines.join("\n");
  }

  /** The record of turn `number`, once it has ended. */
  turn(number: number, withinMs?: number): Promise<TalkEventOf<"turn"> & { readonly toldMs: number }> {
    return this.until(`the end of turn ${number}`, () => this.of("turn").find(({ turn }) => turn === number), withinMs);
  }

  async #read(session: TalkSession): Promise<unknown> {
    try {
      for await (const event of session.events) this.events.push({ ...event, toldMs: performance.now() });
      return undefined;
    } catch (error) {
      return error;
    } finally {
      this.#isOver = true;
    }
  }
}
