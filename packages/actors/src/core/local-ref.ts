/** A reference to an actor of this system. */
import type { ActorError } from "../errors.ts";
import { PendingAsk } from "./ask.ts";
import { BaseRef, type Watcher } from "./base-ref.ts";
import { Offer } from "./offer.ts";
import type { ActorRef, AskOptions, OfferOptions } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

/** The actor behind. */
export interface Receiver {
  readonly address: string;
  /** Takes a message or an envelope; gives back why not. */
  enqueue(item: unknown): ActorError | undefined;
  offer(offer: Offer): void;
  watch(watcher: Watcher): void;
  unwatch(watcher: Watcher): void;
}

export class LocalRef<Message> extends BaseRef<Message> {
  /** For the runtime only. */
  readonly receiver: Receiver;

  constructor(runtime: Runtime, receiver: Receiver) {
    super(runtime);
    this.receiver = receiver;
  }

  override get address(): string {
    return this.receiver.address;
  }

  override tell(message: Message): ActorError | undefined {
    return this.receiver.enqueue(message);
  }

  override offer(message: Message, options: OfferOptions = {}): Promise<void> {
    const offer = new Offer(this.runtime, this, message, options);
    if (offer.isWaiting) this.receiver.offer(offer);
    return offer.promise;
  }

  override ask<Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions): Promise<Reply> {
    const ask = new PendingAsk<Reply>(this.runtime, this, options);
    try {
      ask.begin(make);
    } catch (error) {
      ask.rejectWith(error);
    }
    if (!ask.isSettled) {
      const refused = this.receiver.enqueue(ask);
      if (refused !== undefined) ask.failed(refused);
    }
    return ask.promise;
  }

  override watch(watcher: Watcher): void {
    this.receiver.watch(watcher);
  }

  override unwatch(watcher: Watcher): void {
    this.receiver.unwatch(watcher);
  }
}
