/** Asking: a message that carries the address of its reply, and a promise of it. */
import { ActorError } from "../errors.ts";
import { BaseRef, type Watcher } from "./base-ref.ts";
import type { Deadline, DeadlineList } from "./deadlines.ts";
import { Envelope } from "./envelope.ts";
import type { ActorRef, AskOptions } from "./ref.ts";
import type { Runtime } from "./runtime.ts";

/** A reply that is waited for. Lies in the receiver's mailbox itself, so that a crash or an end there fails it at once. */
export class PendingAsk<Reply> extends Envelope implements Deadline {
  readonly promise: Promise<Reply>;
  readonly replyTo: ReplyRef<Reply>;
  /** Who is asked, for errors. */
  readonly #to: { readonly address: string };
  readonly #runtime: Runtime;
  readonly #options: AskOptions | undefined;
  #message: unknown;
  readonly #resolve: (reply: Reply) => void;
  readonly #reject: (error: unknown) => void;
  #unlisten: (() => void) | undefined;
  #onSettled: (() => void) | undefined;
  isSettled = false;
  list: DeadlineList | undefined = undefined;
  earlier: Deadline | undefined = undefined;
  later: Deadline | undefined = undefined;
  dueMs = 0;

  constructor(runtime: Runtime, to: { readonly address: string }, options: AskOptions | undefined) {
    super(false);
    this.#runtime = runtime;
    this.#to = to;
    this.#options = options;
    this.replyTo = new ReplyRef(runtime, this);
    const { promise, resolve, reject } = Promise.withResolvers<Reply>();
    this.promise = promise;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Starts waiting. The message is built first: what `make` throws is the caller's. */
  begin<Message>(make: (replyTo: ActorRef<Reply>) => Message): Message {
    const message = make(this.replyTo);
    this.#message = message;
    if (this.#runtime.isStopped) {
      this.failed(new ActorError("system-stopped", "the actor system has stopped"));
      return message;
    }
    const { timeoutMs, signal } = this.#options ?? NO_OPTIONS;
    this.#runtime.deadlines.add(this, timeoutMs ?? this.#runtime.askTimeoutMs);
    if (signal !== undefined) this.#listenTo(signal);
    return message;
  }

  /** Calls `then` once it is settled either way. */
  whenSettled(then: () => void): void {
    this.#onSettled = then;
  }

  override open(): unknown {
    return this.#message;
  }

  override isWanted(): boolean {
    return !this.isSettled;
  }

  /** The reply. @returns why it is not believed */
  reply(reply: Reply): ActorError | undefined {
    if (this.isSettled) return undefined;
    const accepts = this.#options?.accepts;
    if (accepts !== undefined) {
      try {
        accepts(reply);
      } catch (error) {
        const refusal = new ActorError("bad-message", `the answer of ${this.#to.address} will not do`, {
          cause: error,
        });
        this.failed(refusal);
        return refusal;
      }
    }
    this.#settle();
    this.#resolve(reply);
    return undefined;
  }

  override failed(error: ActorError): void {
    this.rejectWith(error);
  }

  /** As {@link failed}, with an error that may be the caller's own. */
  rejectWith(error: unknown): void {
    if (this.isSettled) return;
    this.#settle();
    this.#reject(error);
  }

  expire(): void {
    const timeoutMs = this.#options?.timeoutMs ?? this.#runtime.askTimeoutMs;
    this.failed(
      this.#runtime.isStopped
        ? new ActorError("system-stopped", `the actor system stopped before ${this.#to.address} answered`)
        : new ActorError("ask-timeout", `${this.#to.address} did not answer within ${timeoutMs} ms`),
    );
  }

  #settle(): void {
    this.isSettled = true;
    this.#message = undefined;
    this.#runtime.deadlines.remove(this);
    this.replyTo.close();
    this.#unlisten?.();
    this.#onSettled?.();
  }

  #listenTo(signal: AbortSignal): void {
    const cancel = (): void => {
      this.failed(
        new ActorError("cancelled", `the question to ${this.#to.address} was cancelled`, { cause: signal.reason }),
      );
    };
    if (signal.aborted) return cancel();
    signal.addEventListener("abort", cancel, { once: true });
    this.#unlisten = () => signal.removeEventListener("abort", cancel);
  }
}

const NO_OPTIONS: AskOptions = {};

/** Where a reply goes. The first one counts. */
export class ReplyRef<Reply> extends BaseRef<Reply> {
  readonly #ask: PendingAsk<Reply>;
  #name: string | undefined;
  #watchers: Set<Watcher> | undefined;

  constructor(runtime: Runtime, ask: PendingAsk<Reply>) {
    super(runtime);
    this.#ask = ask;
  }

  override get address(): string {
    if (this.#name === undefined) {
      this.#name = this.runtime.temporaries.add(this);
      if (this.#ask.isSettled) this.runtime.temporaries.remove(this.#name);
    }
    return this.runtime.temporaries.addressOf(this.#name);
  }

  /** Whether somebody was given its address. */
  get isAddressed(): boolean {
    return this.#name !== undefined;
  }

  override tell(reply: Reply): ActorError | undefined {
    return this.#ask.reply(reply);
  }

  /** The one who was asked cannot answer. */
  fail(error: ActorError): void {
    this.#ask.failed(error);
  }

  override watch(watcher: Watcher): void {
    if (this.#ask.isSettled) watcher.terminated({ ref: this, reason: "stopped" });
    else (this.#watchers ??= new Set()).add(watcher);
  }

  override unwatch(watcher: Watcher): void {
    this.#watchers?.delete(watcher);
  }

  close(): void {
    if (this.#name !== undefined) this.runtime.temporaries.remove(this.#name);
    if (this.#watchers === undefined) return;
    for (const watcher of this.#watchers) watcher.terminated({ ref: this, reason: "stopped" });
    this.#watchers = undefined;
  }
}

/** Asks a reference that can only be told. */
export function askByTelling<Message, Reply>(
  runtime: Runtime,
  to: ActorRef<Message>,
  make: (replyTo: ActorRef<Reply>) => Message,
  options: AskOptions | undefined,
): Promise<Reply> {
  const ask = new PendingAsk<Reply>(runtime, to, options);
  try {
    const message = ask.begin(make);
    const refused = ask.isSettled ? undefined : to.tell(message);
    if (refused !== undefined) ask.failed(refused);
  } catch (error) {
    ask.rejectWith(error);
  }
  return ask.promise;
}
