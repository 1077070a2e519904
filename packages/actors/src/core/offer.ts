/** A message whose sender waits: for room in the mailbox, or until the handler has finished with it. */
import { ActorError, isActorError } from "../errors.ts";
import type { Deadline, DeadlineList } from "./deadlines.ts";
import { Envelope } from "./envelope.ts";
import type { OfferOptions } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

export class Offer extends Envelope implements Deadline {
  readonly promise: Promise<void>;
  readonly #message: unknown;
  readonly #runtime: Runtime;
  readonly #to: { readonly address: string };
  readonly isAcknowledged: boolean;
  readonly #timeoutMs: number;
  readonly #resolve: () => void;
  readonly #reject: (error: unknown) => void;
  #unlisten: (() => void) | undefined;
  #isSettled = false;
  list: DeadlineList | undefined = undefined;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  dueMs = 0;

  constructor(runtime: Runtime, to: { readonly address: string }, message: unknown, options: OfferOptions) {
    super(false);
    this.#runtime = runtime;
    this.#to = to;
    this.#message = message;
    this.isAcknowledged = options.acknowledged ?? false;
    this.#timeoutMs = options.timeoutMs ?? runtime.askTimeoutMs;
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    this.promise = promise;
    this.#resolve = () => resolve(undefined);
    this.#reject = reject;
    if (runtime.isStopped) {
      this.failed(new ActorError("system-stopped", "the actor system has stopped"));
      return;
    }
    try {
      runtime.deadlines.add(this, this.#timeoutMs);
    } catch (error) {
      if (!isActorError(error)) throw error;
      this.failed(error);
      return;
    }
    if (options.signal !== undefined) this.#listenTo(options.signal);
  }

  override open(): unknown {
    return this.#message;
  }

  override isWanted(): boolean {
    return !this.#isSettled;
  }

  /** What lies in the mailbox: without acknowledgement nobody waits any more once the message has its place. */
  get item(): unknown {
    return this.isAcknowledged ? this : this.#message;
  }

  /** Still waiting for room. */
  get isWaiting(): boolean {
    return !this.#isSettled;
  }

  /** It has its place in the mailbox. */
  taken(): void {
    if (!this.isAcknowledged) this.done();
  }

  override done(): void {
    if (this.#settle()) this.#resolve();
  }

  override failed(error: ActorError): void {
    if (this.#settle()) this.#reject(error);
  }

  expire(): void {
    const what = this.isAcknowledged ? "acknowledge" : "take";
    this.failed(
      this.#runtime.isStopped
        ? new ActorError(
            "system-stopped",
            `the actor system stopped before ${this.#to.address} could ${what} a message`,
          )
        : new ActorError("ask-timeout", `${this.#to.address} did not ${what} a message within ${this.#timeoutMs} ms`),
    );
  }

  #settle(): boolean {
    if (this.#isSettled) return false;
    this.#isSettled = true;
    this.#runtime.deadlines.remove(this);
    this.#unlisten?.();
    return true;
  }

  #listenTo(signal: AbortSignal): void {
    const cancel = (): void => {
      this.failed(
        new ActorError("cancelled", `a message to ${this.#to.address} was cancelled`, { cause: signal.reason }),
      );
    };
    if (signal.aborted) return cancel();
    signal.addEventListener("abort", cancel, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", cancel);
  }
}
