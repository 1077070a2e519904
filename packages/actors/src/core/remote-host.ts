/** What core does for remoting: takes in what comes from other hosts, and tells them of ends here. */
import { ActorError } from "../errors.ts";
import { type ActorAddress, parseAddress } from "./address.ts";
import { ReplyRef } from "./ask.ts";
import type { BaseRef, Watcher } from "./base-ref.ts";
import type { Directory } from "./directory.ts";
import { Endpoint } from "./endpoint.ts";
import { Envelope } from "./envelope.ts";
import { PathRef } from "./path-ref.ts";
import type { OfferOptions, TerminationReason } from "./ref.ts";
import type { DeliveryOutcome, RemoteHost } from "./remote.ts";
import type { RemoteBooks } from "./remote-books.ts";
import { RemoteRef } from "./remote-ref.ts";
import type { Runtime } from "./runtime.ts";

export class Door implements RemoteHost {
  readonly peer: string;
  readonly #runtime: Runtime;
  readonly #directory: Directory;
  readonly #books: RemoteBooks;

  constructor(runtime: Runtime, directory: Directory, books: RemoteBooks) {
    this.peer = runtime.peer;
    this.#runtime = runtime;
    this.#directory = directory;
    this.#books = books;
  }

  resolve(text: string): BaseRef<never> {
    const address = parseAddress(text);
    if (address.peer !== this.peer) return new RemoteRef(this.#runtime, this.#books, address);
    const found = this.#directory.find(address);
    // Without an incarnation it means whoever lives there at the time, not only the one who does now.
    if (found?.address === text) return found;
    return new PathRef(this.#runtime, address, (wanted) => this.#directory.find(wanted));
  }

  deliver(to: ActorAddress, message: unknown, from: string, outcome?: DeliveryOutcome): void {
    try {
      const { target, content } = this.#admit(to, message, from);
      const actor = this.#directory.actor(to);
      const refused =
        actor !== undefined && outcome !== undefined
          ? actor.enqueue(new Delivery(content, outcome))
          : target.tell(content);
      if (refused !== undefined) outcome?.failed?.(refused);
      else if (actor === undefined) outcome?.done?.();
    } catch (error) {
      if (!(error instanceof ActorError)) throw error;
      outcome?.failed?.(error);
    }
  }

  async offer(to: ActorAddress, message: unknown, from: string, options: OfferOptions): Promise<void> {
    const { target, content } = this.#admit(to, message, from);
    await target.offer(content, options);
  }

  watch(to: ActorAddress, ended: (reason: TerminationReason, error: ActorError | undefined) => void): () => void {
    const target = this.#directory.find(to);
    if (target === undefined) {
      ended("no-such-actor", undefined);
      return () => undefined;
    }
    const watcher: Watcher = { terminated: ({ reason, error }) => ended(reason, error) };
    target.watch(watcher);
    return () => target.unwatch(watcher);
  }

  terminated(address: string, reason: TerminationReason, error: ActorError | undefined): void {
    this.#books.terminated(parseAddress(address), address, reason, error);
  }

  refused(to: string | undefined, replyTo: string | undefined, error: ActorError): void {
    const asked = replyTo === undefined ? undefined : this.#directory.find(parseAddress(replyTo));
    if (asked instanceof ReplyRef) asked.fail(error);
    else if (to !== undefined) this.#runtime.refused(to, undefined, error);
  }

  peerGone(peer: string, error: ActorError): void {
    this.#books.peerGone(peer, error);
  }

  watched(peer: string): readonly ActorAddress[] {
    return this.#books.watched(peer);
  }

  /** Finds the receiver and has it look at the message. @throws ActorError `no-such-actor`, `bad-message` */
  #admit(
    to: ActorAddress,
    message: unknown,
    from: string,
  ): { readonly target: BaseRef<unknown>; readonly content: unknown } {
    // What it takes is decided below, by its own judgement of the message.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    const target = this.#directory.find(to) as BaseRef<unknown> | undefined;
    if (target === undefined) {
      throw new ActorError("no-such-actor", `nobody lives at /${to.path.join("/")} on ${this.peer}`);
    }
    const actor = this.#directory.actor(to);
    if (actor === undefined) {
      if (target instanceof Endpoint && !target.accepts(message)) {
        throw new ActorError("bad-message", `not a message of a stream, for ${target.address}`);
      }
      return { target, content: message };
    }
    if (actor.accepts === undefined) {
      throw new ActorError("bad-message", `${actor.path} takes no messages from other hosts`);
    }
    try {
      return { target, content: actor.accepts(message, from) };
    } catch (error) {
      throw new ActorError("bad-message", `${actor.path} does not take this message`, { cause: error });
    }
  }
}

/** A message of another host that wants to know what became of it. */
class Delivery extends Envelope {
  readonly #message: unknown;
  readonly #outcome: DeliveryOutcome;

  constructor(message: unknown, outcome: DeliveryOutcome) {
    super(false);
    this.#message = message;
    this.#outcome = outcome;
  }

  override open(): unknown {
    return this.#message;
  }

  override done(): void {
    this.#outcome.done?.();
  }

  override failed(error: ActorError): void {
    this.#outcome.failed?.(error);
  }
}
