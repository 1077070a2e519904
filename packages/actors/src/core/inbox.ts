/** The outside of an actor: what references do with it. Takes messages in, within bounds, and tells of its end. */
import { ActorError } from "../errors.ts";
import type { Watcher } from "./base-ref.ts";
import type { Runnable } from "./dispatcher.ts";
import { contentOf, Envelope } from "./envelope.ts";
import type { Receiver } from "./local-ref.ts";
import { Mailbox, type MailboxSettings } from "./mailbox.ts";
import type { Offer } from "./offer.ts";
import type { Terminated } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

export abstract class Inbox implements Receiver, Runnable {
  readonly runtime: Runtime;
  protected readonly mailbox: Mailbox;
  /** Running, with nothing to do: the next message must wake it. */
  protected isIdle = false;
  #isQueued = false;
  #lostTurns = 0;
  /** Set once it takes no more messages. */
  protected end: Terminated | undefined = undefined;
  #watchers: Set<Watcher> | undefined = undefined;
  #fullError: ActorError | undefined = undefined;

  constructor(runtime: Runtime, settings: MailboxSettings) {
    this.runtime = runtime;
    this.mailbox = new Mailbox(settings);
  }

  abstract get path(): string;
  abstract get address(): string;
  abstract run(limit: number): number;

  enqueue(item: unknown): ActorError | undefined {
    if (this.end !== undefined) return this.#stopped(this.end);
    const { mailbox } = this;
    if (mailbox.length < mailbox.freeBelow) mailbox.push(item);
    else {
      const refused = this.#squeezeIn(item);
      if (refused !== undefined) return refused;
    }
    if (this.isIdle) this.#wake();
    return undefined;
  }

  enqueueReserved(envelope: Envelope): void {
    if (this.end !== undefined) return;
    this.mailbox.putReserved(envelope);
    if (this.isIdle) this.#wake();
  }

  offer(offer: Offer): void {
    const refused = this.enqueue(offer.item);
    if (refused === undefined) return offer.taken();
    const mayWait = refused.code === "mailbox-full" && this.mailbox.settings.overflow === "back-pressure";
    if (!mayWait || !this.mailbox.wait(offer)) offer.failed(refused);
  }

  watch(watcher: Watcher): void {
    if (this.end !== undefined && this.hasEnded()) watcher.terminated(this.end);
    else (this.#watchers ??= new Set()).add(watcher);
  }

  unwatch(watcher: Watcher): void {
    this.#watchers?.delete(watcher);
  }

  putBack(item: unknown): void {
    this.mailbox.putBack(item);
    if (this.isIdle) this.#wake();
  }

  /** Whether it has ended, and not only begun to. */
  protected abstract hasEnded(): boolean;

  /** Waits for its turn. */
  protected queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    this.runtime.dispatcher.schedule(this);
  }

  /** Waits behind all others: the turn that it may wait for already is lost. */
  protected queueLast(): void {
    if (this.#isQueued) this.#lostTurns += 1;
    this.#isQueued = false;
    this.queue();
  }

  /** Whether the turn that has come is one that it still wants. */
  protected takesTurn(): boolean {
    this.#isQueued = this.#lostTurns > 0;
    if (this.#isQueued) this.#lostTurns -= 1;
    return !this.#isQueued;
  }

  /** It has ended: what still waits is refused, and who watches is told. */
  protected close(end: Terminated): void {
    const error = this.#stopped(end);
    for (const item of this.mailbox.drain()) this.#refuse(item, error);
    const watchers = this.#watchers;
    this.#watchers = undefined;
    for (const watcher of watchers ?? []) watcher.terminated(end);
  }

  #wake(): void {
    this.isIdle = false;
    this.queue();
  }

  /** Room is made, or the message is refused. */
  #squeezeIn(item: unknown): ActorError | undefined {
    let put;
    try {
      put = this.mailbox.put(item, contentOf(item));
    } catch (error) {
      return new ActorError("bad-message", `${this.path} cannot tell whether a message is urgent`, { cause: error });
    }
    if (!put.isTaken) return this.#full();
    if (put.dropped !== undefined) this.#refuse(put.dropped.item, this.#full());
    return undefined;
  }

  #refuse(item: unknown, error: ActorError): void {
    if (!(item instanceof Envelope)) this.runtime.refused(this.address, item, error);
    else if (!item.isReserved) item.failed(error);
  }

  /** One error for all refusals: under overload they must be cheap. */
  #full(): ActorError {
    const { capacity } = this.mailbox.settings;
    return (this.#fullError ??= new ActorError("mailbox-full", `the mailbox of ${this.path} is full: ${capacity}`));
  }

  #stopped({ error }: Terminated): ActorError {
    return new ActorError("actor-stopped", `${this.path} has stopped`, { cause: error });
  }
}
