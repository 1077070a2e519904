/** Ids of what a peer has delivered to clients, so that what comes again is not given to them again. */
import { Kept } from "./kept.ts";
import { HUB } from "./times.ts";

export class Delivered {
  readonly #byClient = new Kept<Kept<true>>(HUB.deliveredClients);

  has(clientId: string, messageId: string): boolean {
    return this.#byClient.get(clientId)?.get(messageId) ?? false;
  }

  add(clientId: string, messageId: string): void {
    const ids = this.#byClient.get(clientId) ?? new Kept<true>(HUB.deliveredKept);
    ids.set(messageId, true);
    this.#byClient.set(clientId, ids);
  }
}
