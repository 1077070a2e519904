/** What senders who are away are to be told when they come back. Bounded; what is too old is nobody's business any more. */
import type { Message } from "@parley/sdk";
import { Kept } from "./kept.ts";
import { HUB } from "./times.ts";

interface Note {
  readonly message: Message;
  readonly atMs: number;
}

export class Untold {
  readonly #byClient = new Kept<readonly Note[]>(HUB.untoldClients);

  add(clientId: string, message: Message, atMs: number): void {
    const before = this.#byClient.get(clientId) ?? [];
    this.#byClient.set(clientId, [...before, { message, atMs }].slice(-HUB.untoldKept));
  }

  /** Takes out what a client is to be told. */
  take(clientId: string, nowMs: number): readonly Message[] {
    const notes = this.#byClient.get(clientId) ?? [];
    if (notes.length > 0) this.#byClient.set(clientId, []);
    return notes.filter(({ atMs }) => nowMs - atMs <= HUB.untoldMs).map(({ message }) => message);
  }
}
