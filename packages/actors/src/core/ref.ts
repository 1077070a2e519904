/** References: the only way one actor knows another, wherever it lives. */
import type { ActorError } from "../errors.ts";

export interface WaitOptions {
  /** Finite: every wait ends. Default: the system's `askTimeoutMs`; `ActorRef.offer` has another for other hosts. */
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OfferOptions extends WaitOptions {
  /**
   * Wait until the receiver's handler has finished with the message, not only until its mailbox has it. Over the network
   * such a message is sent again until then, and filtered while the receiver lives. Default false.
   */
  readonly acknowledged?: boolean;
}

export interface AskOptions extends WaitOptions {
  /** Looks at an answer before it is believed; throws when it will not do. Default: none, whoever was asked is trusted. */
  readonly accepts?: (reply: unknown) => unknown;
}

export interface StreamOptions {
  /** Items that may be under way at once. Default 16. */
  readonly window?: number | undefined;
  /** Longest silence between items before `stream-timeout`; finite. Default: the system's `streamIdleTimeoutMs`. */
  readonly idleTimeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface OfferedStreamOptions<Item> extends StreamOptions {
  /** Its reader has opened it already, with the question that asked for it: what there is is sent at once. */
  readonly opening?: StreamOpening<Item> | undefined;
}

/** A typed handle on one actor. May travel inside messages; stays valid while the actor is restarted. */
export interface ActorRef<in Message> {
  /** `parley://peer/path#incarnation`: the text form, which `system.resolve` turns back into a reference. */
  readonly address: string;
  /**
   * Sends, at most once, in the order of sending per sender and receiver; never waits and never throws. Returns why the
   * message was refused, when that is known at once; what is refused later goes to the system's `onRefused`.
   */
  tell(message: Message): ActorError | undefined;
  /**
   * Sends, and waits while the mailbox is full; where `timeoutMs` is not given, for the system's `askTimeoutMs`, or to another
   * host for its remoting's `limits.offerTimeoutMs`. Rejects with ActorError `mailbox-full` when the mailbox answers so,
   * `ask-timeout`, `cancelled`, `bad-option`, and as `ask` does when there is no receiver.
   */
  offer(message: Message, options?: OfferOptions): Promise<void>;
  /**
   * Sends the message that `make` builds around a reply address, and waits for the first reply. Rejects with ActorError
   * `ask-timeout`, `cancelled`, `no-such-actor`, `actor-stopped`, `actor-failed`, `mailbox-full`, `bad-message`,
   * `too-large`, `peer-gone`, and `bad-option` for a `timeoutMs` that would have no end; never hangs.
   */
  ask<Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions): Promise<Reply>;
  /**
   * Asks for a stream and reads it; leaving the loop cancels it at its source. Nothing is sent before the first read.
   * Throws as `ask` does, and ActorError `stream-broken`, `stream-timeout` or `bad-option`.
   *
   * What `open` gives may travel in the message: whoever offers the stream with it (`opening`) sends its first items without having been
   * asked for them, which saves one way there and one back. Such a stream must be offered so, and to `replyTo` as well.
   */
  stream<Item>(
    make: (replyTo: ActorRef<StreamRef<Item>>, open: () => StreamOpening<Item>) => Message,
    options?: StreamOptions & WaitOptions,
  ): AsyncIterable<Item>;
  /** Whether both lead to the same incarnation of the same actor. */
  equals(other: ActorRef<never>): boolean;
}

/** Why an actor is no more. */
export type TerminationReason = "stopped" | "failed" | "no-such-actor" | "peer-gone" | "system-stopped";

/** What death watch tells. It comes after every message that the actor sent to the watcher. */
export interface Terminated {
  readonly ref: ActorRef<never>;
  readonly reason: TerminationReason;
  readonly error?: ActorError | undefined;
}

/**
 * A stream as messages, the same on one host and between two. The reader opens it with a credit; the source sends no more
 * items than it has credit for. Credits and items are counted from the start of the stream, so that a repeated credit does
 * no harm and a lost item is seen. This is what the end that has the items is told.
 */
export type SourceMessage<Item> =
  | { readonly type: "open"; readonly sink: ActorRef<SinkMessage<Item>>; readonly credit: number }
  /** Items up to this count may be sent. */
  | { readonly type: "credit"; readonly credit: number }
  | { readonly type: "cancel"; readonly reason?: string | undefined };

/** To the end that reads. `sequence` counts items from 1; an end carries the count of all. */
export type SinkMessage<Item> =
  | { readonly type: "item"; readonly sequence: number; readonly item: Item }
  | { readonly type: "end"; readonly sequence: number }
  | { readonly type: "broken"; readonly reason: string };

/** The end that reads, which is there before there is a source, and how many items it takes. May travel inside messages. */
export interface StreamOpening<Item> {
  readonly sink: ActorRef<SinkMessage<Item>>;
  readonly credit: number;
}

/** A stream that somebody offers: whoever opens it first reads it. May travel inside messages. */
export type StreamRef<Item> = ActorRef<SourceMessage<Item>>;
