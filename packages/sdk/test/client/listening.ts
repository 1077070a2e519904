/** Who hears a conversation in these tests: a loudspeaker, and somebody who reads along. */
import { expect } from "vitest";
import type { ConversationEvent, Speaker } from "../../src/index.ts";

/** A loudspeaker that notes what it is told; what was heard of it is set by the test. */
export class NotingSpeaker implements Speaker {
  readonly deeds: string[] = [];
  readonly #notesLengths: boolean;
  heardMs: number;

  /** @param notesLengths with the milliseconds of what it is given */
  constructor({ heardMs = 40, notesLengths = false } = {}) {
    this.heardMs = heardMs;
    this.#notesLengths = notesLengths;
  }
  play({ samples, sampleRateHz }: Parameters<Speaker["play"]>[0]): Promise<boolean> {
    this.deeds.push(this.#notesLengths ? `play ${(1000 * samples.length) / sampleRateHz}` : "play");
    return Promise.resolve(true);
  }
  finished(): Promise<number> {
    return Promise.resolve(this.heardMs);
  }
  stop(): { heardMs: number } {
    this.deeds.push("stop");
    return { heardMs: this.heardMs };
  }
  duck(): void {
    this.deeds.push("duck");
  }
  restore(): void {
    this.deeds.push("restore");
  }
}

/** The events as they come. */
export function reading(events: AsyncIterable<ConversationEvent>): ConversationEvent[] {
  const seen: ConversationEvent[] = [];
  const over = (async (): Promise<void> => {
    for await (const event of events) seen.push(event);
  })();
  // It ends with the test, by the client's own hand.
  over.catch((error: unknown) => expect(error).toMatchObject({ message: "closed by this client" }));
  return seen;
}
