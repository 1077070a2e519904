/** What an actor does: a function that is called at each start, and gives the handler of its messages. */
import type { RestartPolicy, SupervisionSpec } from "../supervision/spec.ts";
import type { MailboxOptions } from "./mailbox-options.ts";
import type { ActorLog, Clock } from "./ports.ts";
import type { ActorRef, OfferedStreamOptions, StreamOptions, StreamRef, Terminated } from "./ref.ts";

/** Takes one message. The next one waits for the promise; what it throws is a crash. */
export type Receive<Message> = (message: Message) => void | Promise<void>;

/** A handler with more to say than its messages. Instances of classes fit. */
export interface Actor<Message> {
  receive(message: Message): void | Promise<void>;
  /** Runs once this life ends, after the children have stopped; also before a restart. What it throws is logged. */
  onStop?(reason: "stop" | "restart"): void | Promise<void>;
}

export type Handler<Message> = Receive<Message> | Actor<Message>;

/** Sets an actor up: called at its start and at every restart, each time with a new context. May be async; may throw. */
export type Behavior<Message> = (context: ActorContext<Message>) => Handler<Message> | Promise<Handler<Message>>;

export interface SpawnOptions<Message> {
  /** Unique among its siblings, any text without control characters. Default: a number. */
  readonly name?: string;
  readonly mailbox?: MailboxOptions<Message>;
  /** What the parent does when it ends. Default `permanent` for crashes only, that is `transient`. */
  readonly restart?: RestartPolicy;
  /** How this actor looks after its own children. */
  readonly supervision?: Partial<SupervisionSpec>;
  /** Messages that may be set aside. Default 1,000. */
  readonly stashCapacity?: number;
  /** How long it may take to stop before it is left behind. Default: the system's `stopTimeoutMs`. */
  readonly stopTimeoutMs?: number;
  /**
   * Looks at what comes from another host, `from` as its connection has proved it: gives back the message, or throws. Without it
   * the actor takes nothing from other hosts.
   */
  readonly accepts?: (message: unknown, from: string) => Message;
}

/** How a child is stopped. */
export interface StopChildOptions {
  /**
   * So long the message at hand may go on undisturbed; only then is the child's `signal` aborted under it. At most the child's
   * `stopTimeoutMs`, which begins anew then. Default 0: it is aborted at once.
   */
  readonly finishWithinMs?: number;
}

/**
 * Timers that end with the life that set them. A key names one timer; setting it again replaces it. A time that is not finite,
 * negative, or for a period less than 1 ms, is answered with ActorError `bad-option`.
 */
export interface Timers<Message> {
  once(key: string, delayMs: number, message: Message): void;
  /** A tick that comes while the last is still waiting in the mailbox is left out. */
  every(key: string, periodMs: number, message: Message): void;
  /** Also when its message is waiting already: it will not be delivered. */
  cancel(key: string): void;
  isActive(key: string): boolean;
}

/** What an actor can do in one of its lives. When that is over, most of this throws ActorError `actor-stopped`. */
export interface ActorContext<in out Message> {
  readonly self: ActorRef<Message>;
  /** `/parent/child`. */
  readonly path: string;
  readonly log: ActorLog;
  readonly timers: Timers<Message>;
  /** Aborted when this life of the actor ends, before its children are stopped. */
  readonly signal: AbortSignal;
  /** For libraries that bring their own waits. What is asked of it directly does not end with the life. */
  readonly clock: Clock;
  nowMs(): number;
  /** In [0, 1). */
  random(): number;
  /** Starts a child. @throws ActorError `name-taken`, `bad-option`, or `actor-stopped` when this actor is stopping */
  spawn<Child>(behavior: Behavior<Child>, options?: SpawnOptions<Child>): ActorRef<Child>;
  /** Stops this actor after the message at hand. */
  stop(): void;
  /** Crashes this actor, as if its handler had thrown: for errors of callbacks. */
  fail(error: unknown): void;
  /** Stops a child; fulfilled when it has ended. @throws ActorError `no-such-actor` when it is no child of this actor */
  stopChild(child: ActorRef<never>, options?: StopChildOptions): Promise<void>;
  /**
   * Has `toMessage` sent to itself when `ref` ends, or at once when it has. Forgotten at a restart. Each watch stands by itself:
   * who watches twice is told twice.
   * @returns how to stop watching; afterwards nothing comes, also when the message waits already
   */
  watch(ref: ActorRef<never>, toMessage: (terminated: Terminated) => Message): () => void;
  /** Takes messages with another handler from the next one on. */
  become(handler: Handler<Message>): void;
  /** Sets a message aside. @throws ActorError `stash-full` */
  stash(message: Message): void;
  /** Puts what was set aside before everything that waits, in its old order. */
  unstashAll(): void;
  /** Offers a stream of `items`; ends with this life of the actor. Its reader opens it with {@link readStream}. */
  offerStream<Item>(items: AsyncIterable<Item> | Iterable<Item>, options?: OfferedStreamOptions<Item>): StreamRef<Item>;
  /** Reads a stream that was offered; ends with this life of the actor. */
  readStream<Item>(stream: StreamRef<Item>, options?: StreamOptions): AsyncIterable<Item>;
}
