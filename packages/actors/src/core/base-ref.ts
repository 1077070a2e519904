/** What every reference is, whatever it leads to. */
import { ActorError } from "../errors.ts";
import type {
  ActorRef,
  AskOptions,
  OfferOptions,
  StreamOpening,
  StreamOptions,
  StreamRef,
  Terminated,
  WaitOptions,
} from "./ref.ts";
import type { Runtime } from "./runtime.ts";

/** Wants to hear of an end. */
export interface Watcher {
  terminated(terminated: Terminated): void;
}

export abstract class BaseRef<in Message> implements ActorRef<Message> {
  protected readonly runtime: Runtime;

  constructor(runtime: Runtime) {
    this.runtime = runtime;
  }

  abstract get address(): string;
  abstract tell(message: Message): ActorError | undefined;
  /** Calls `watcher` once, when the actor ends or at once when it has. The same watcher is told once, however often it asks. */
  abstract watch(watcher: Watcher): void;
  abstract unwatch(watcher: Watcher): void;

  async offer(message: Message, _options?: OfferOptions): Promise<void> {
    const refused = this.tell(message);
    if (refused !== undefined) throw refused;
  }

  ask<Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions): Promise<Reply> {
    return this.runtime.ask(this, make, options);
  }

  stream<Item>(
    make: (replyTo: ActorRef<StreamRef<Item>>, open: () => StreamOpening<Item>) => Message,
    options?: StreamOptions & WaitOptions,
  ): AsyncIterable<Item> {
    return this.runtime.stream(this, make, options);
  }

  equals(other: ActorRef<never>): boolean {
    return this === other || this.address === other.address;
  }
}

/** Whether a value is a reference: what a codec looks for inside messages. */
export function isActorRef(value: unknown): value is ActorRef<never> {
  return value instanceof BaseRef;
}

/** The reference behind its public face. @throws ActorError `bad-option` for what this package has not made */
export function baseOf<Message>(ref: ActorRef<Message>): BaseRef<Message> {
  if (ref instanceof BaseRef) return ref;
  throw new ActorError("bad-option", `${ref.address} is not a reference of this runtime`);
}
