/** A reference to whoever lives at an address of this host when it is used. */
import { ActorError } from "../errors.ts";
import { type ActorAddress, formatAddress } from "./address.ts";
import { BaseRef, type Watcher } from "./base-ref.ts";
import type { ActorRef, AskOptions, OfferOptions } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

export class PathRef<Message> extends BaseRef<Message> {
  readonly address: string;
  readonly #find: () => BaseRef<never> | undefined;
  /** How to stop watching. */
  #watches: Map<Watcher, () => void> | undefined;

  constructor(runtime: Runtime, address: ActorAddress, find: (address: ActorAddress) => BaseRef<never> | undefined) {
    super(runtime);
    this.address = formatAddress(address);
    this.#find = () => find(address);
  }

  override tell(message: Message): ActorError | undefined {
    const target = this.#target();
    return target === undefined ? this.#nobody() : target.tell(message);
  }

  override offer(message: Message, options?: OfferOptions): Promise<void> {
    return this.#target()?.offer(message, options) ?? Promise.reject(this.#nobody());
  }

  override ask<Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions): Promise<Reply> {
    return this.#target()?.ask(make, options) ?? Promise.reject(this.#nobody());
  }

  override watch(watcher: Watcher): void {
    const target = this.#find();
    if (target === undefined) {
      watcher.terminated({ ref: this, reason: "no-such-actor", error: this.#nobody() });
      return;
    }
    this.unwatch(watcher);
    const watches = (this.#watches ??= new Map<Watcher, () => void>());
    // This reference may be kept for long, and must not keep all that ever watched by it.
    const through: Watcher = {
      terminated: (terminated) => {
        watches.delete(watcher);
        watcher.terminated(terminated);
      },
    };
    watches.set(watcher, () => target.unwatch(through));
    target.watch(through);
  }

  override unwatch(watcher: Watcher): void {
    this.#watches?.get(watcher)?.();
    this.#watches?.delete(watcher);
  }

  #target(): BaseRef<Message> | undefined {
    // An address has no type of its own: whoever resolved it said what may be sent there.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return this.#find() as BaseRef<Message> | undefined;
  }

  #nobody(): ActorError {
    return new ActorError("no-such-actor", `nobody lives at ${this.address}`);
  }
}
