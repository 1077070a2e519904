/** One life of an actor, from a start to the next restart: what its behaviour is given, and what ends with it. */
import { ActorError } from "../errors.ts";
import { ActorTimers } from "./actor-timers.ts";
import { baseOf, type BaseRef, type Watcher } from "./base-ref.ts";
import type { ActorContext, Behavior, Handler, SpawnOptions, StopChildOptions, Timers } from "./behavior.ts";
import { Closables } from "./closables.ts";
import { Envelope } from "./envelope.ts";
import type { ActorLog, Clock } from "./ports.ts";
import type { ActorRef, OfferedStreamOptions, StreamOptions, StreamRef, Terminated } from "./ref.ts";
import type { Runtime } from "./runtime.ts";
import { StreamReader } from "./stream-reader.ts";
import { StreamSource } from "./stream-source.ts";

/** The actor as its life sees it. */
export interface LifeHost<Message> {
  readonly ref: ActorRef<Message>;
  readonly path: string;
  readonly runtime: Runtime;
  readonly stashCapacity: number;
  install(handler: Handler<Message>): void;
  spawn<Child>(behavior: Behavior<Child>, options: SpawnOptions<Child> | undefined): ActorRef<Child>;
  stopChild(child: ActorRef<never>, options: StopChildOptions | undefined): Promise<void>;
  requestStop(): void;
  crash(error: unknown): void;
  enqueueReserved(envelope: Envelope): void;
  /** The item at hand, when it carries `message`: it is not done yet. Otherwise the message itself. */
  setAside(message: Message): unknown;
  putBack(item: unknown): void;
}

export class Life<Message> implements ActorContext<Message> {
  readonly #host: LifeHost<Message>;
  #timers: ActorTimers<Message> | undefined = undefined;
  #stash: unknown[] | undefined = undefined;
  #watches: Set<Watch<Message>> | undefined = undefined;
  #streams: Closables | undefined = undefined;
  #abort: AbortController | undefined = undefined;
  isOver = false;

  constructor(host: LifeHost<Message>) {
    this.#host = host;
  }

  get self(): ActorRef<Message> {
    return this.#host.ref;
  }

  get path(): string {
    return this.#host.path;
  }

  get log(): ActorLog {
    return this.#host.runtime.log;
  }

  get clock(): Clock {
    return this.#host.runtime.clock;
  }

  get timers(): Timers<Message> {
    this.#mustLive();
    return (this.#timers ??= new ActorTimers(this.#host.runtime.clock, (tick) => this.#host.enqueueReserved(tick)));
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.isOver) this.#abort.abort(this.#over());
    return this.#abort.signal;
  }

  get stashed(): number {
    return this.#stash?.length ?? 0;
  }

  nowMs(): number {
    return this.#host.runtime.clock.nowMs();
  }

  random(): number {
    return this.#host.runtime.random();
  }

  spawn<Child>(behavior: Behavior<Child>, options?: SpawnOptions<Child>): ActorRef<Child> {
    this.#mustLive();
    return this.#host.spawn(behavior, options);
  }

  stop(): void {
    if (!this.isOver) this.#host.requestStop();
  }

  fail(error: unknown): void {
    if (!this.isOver) this.#host.crash(error);
  }

  async stopChild(child: ActorRef<never>, options?: StopChildOptions): Promise<void> {
    await this.#host.stopChild(child, options);
  }

  watch(ref: ActorRef<never>, toMessage: (terminated: Terminated) => Message): () => void {
    this.#mustLive();
    const watches = (this.#watches ??= new Set());
    const watch: Watch<Message> = new Watch(baseOf(ref), toMessage, {
      ended: () => this.#host.enqueueReserved(watch),
      delivered: () => watches.delete(watch),
    });
    watches.add(watch);
    watch.begin();
    return () => {
      if (watches.delete(watch)) watch.cancel();
    };
  }

  become(handler: Handler<Message>): void {
    this.#mustLive();
    this.#host.install(handler);
  }

  stash(message: Message): void {
    this.#mustLive();
    const stash = (this.#stash ??= []);
    if (stash.length >= this.#host.stashCapacity) {
      throw new ActorError("stash-full", `${this.path} has set aside ${stash.length} messages and cannot hold more`);
    }
    stash.push(this.#host.setAside(message));
  }

  unstashAll(): void {
    const stash = this.#stash ?? [];
    this.#stash = undefined;
    for (const item of stash.toReversed()) this.#host.putBack(item);
  }

  offerStream<Item>(
    items: AsyncIterable<Item> | Iterable<Item>,
    options?: OfferedStreamOptions<Item>,
  ): StreamRef<Item> {
    this.#mustLive();
    return this.#owned.own((closed) => new StreamSource(this.#host.runtime, items, options, closed));
  }

  readStream<Item>(stream: StreamRef<Item>, options?: StreamOptions): AsyncIterable<Item> {
    this.#mustLive();
    return this.#owned.own((closed) => new StreamReader(this.#host.runtime, stream, options, closed));
  }

  /** Ends all that belongs to this life. What was set aside goes back to the mailbox. */
  end(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#timers?.cancelAll();
    for (const watch of this.#watches ?? []) watch.cancel();
    this.#watches = undefined;
    this.unstashAll();
    this.#streams?.closeAll();
    this.#abort?.abort(this.#over());
  }

  get #owned(): Closables {
    return (this.#streams ??= new Closables());
  }

  #over(): ActorError {
    return new ActorError("actor-stopped", `this life of ${this.path} is over`);
  }

  #mustLive(): void {
    if (this.isOver) throw this.#over();
  }
}

/** A watch on another actor, and then the message about its end. */
class Watch<Message> extends Envelope implements Watcher {
  readonly #ref: BaseRef<never>;
  readonly #toMessage: (terminated: Terminated) => Message;
  readonly #then: { readonly ended: () => void; readonly delivered: () => void };
  #terminated: Terminated | undefined;
  #isCancelled = false;

  constructor(
    ref: BaseRef<never>,
    toMessage: (terminated: Terminated) => Message,
    then: { readonly ended: () => void; readonly delivered: () => void },
  ) {
    super(true);
    this.#ref = ref;
    this.#toMessage = toMessage;
    this.#then = then;
  }

  begin(): void {
    this.#ref.watch(this);
  }

  cancel(): void {
    this.#isCancelled = true;
    this.#ref.unwatch(this);
  }

  terminated(terminated: Terminated): void {
    if (this.#terminated !== undefined || this.#isCancelled) return;
    this.#terminated = terminated;
    this.#then.ended();
  }

  override open(): unknown {
    this.#then.delivered();
    return this.#terminated === undefined ? undefined : this.#toMessage(this.#terminated);
  }

  override isWanted(): boolean {
    return !this.#isCancelled;
  }
}
