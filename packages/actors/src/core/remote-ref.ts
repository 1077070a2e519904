/** A reference to an actor of another host. */
import type { ActorError } from "../errors.ts";
import { type ActorAddress, formatAddress } from "./address.ts";
import { PendingAsk } from "./ask.ts";
import { BaseRef, type Watcher } from "./base-ref.ts";
import { mustEnd } from "./deadlines.ts";
import type { ActorRef, AskOptions, OfferOptions } from "./ref.ts";
import type { RemoteDelivery } from "./remote.ts";
import type { Runtime } from "./runtime.ts";

/** A reply that is waited for, of whatever type. */
export interface FailingAsk {
  failed(error: ActorError): void;
  whenSettled(then: () => void): void;
}

/** What is kept about other hosts. */
export interface Elsewhere {
  readonly delivery: RemoteDelivery;
  /** `ask` waits for `peer`. */
  expect(peer: string, ask: FailingAsk): void;
  watch(ref: RemoteRef<never>, watcher: Watcher): void;
  unwatch(ref: RemoteRef<never>, watcher: Watcher): void;
}

export class RemoteRef<Message> extends BaseRef<Message> {
  readonly address: string;
  readonly to: ActorAddress;
  readonly #elsewhere: Elsewhere;

  constructor(runtime: Runtime, elsewhere: Elsewhere, to: ActorAddress) {
    super(runtime);
    this.#elsewhere = elsewhere;
    this.to = to;
    this.address = formatAddress(to);
  }

  override tell(message: Message): ActorError | undefined {
    return this.#elsewhere.delivery.tell(this.to, message, undefined);
  }

  override async offer(message: Message, options: OfferOptions = {}): Promise<void> {
    if (options.timeoutMs !== undefined) mustEnd(options.timeoutMs);
    return this.#elsewhere.delivery.offer(this.to, message, options);
  }

  override ask<Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions): Promise<Reply> {
    const ask = new PendingAsk<Reply>(this.runtime, this, options);
    try {
      const message = ask.begin(make);
      if (!ask.isSettled) {
        this.#elsewhere.expect(this.to.peer, ask);
        const refused = this.#elsewhere.delivery.tell(this.to, message, ask.replyTo.address);
        if (refused !== undefined) ask.failed(refused);
      }
    } catch (error) {
      ask.rejectWith(error);
    }
    return ask.promise;
  }

  override watch(watcher: Watcher): void {
    this.#elsewhere.watch(this, watcher);
  }

  override unwatch(watcher: Watcher): void {
    this.#elsewhere.unwatch(this, watcher);
  }
}
