/** What the parts of one system share. */
import type { ActorError } from "../errors.ts";
import type { Deadlines } from "./deadlines.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { ActorLog, Clock, RandomSource } from "./ports.ts";
import type { ActorRef, AskOptions, StreamOpening, StreamOptions, StreamRef, WaitOptions } from "./ref.ts";

/** Gives addresses to what is no actor. */
export interface Naming {
  /** A name for `ref`, by which it is found until {@link remove}. */
  add(ref: ActorRef<never>): string;
  remove(name: string): void;
  addressOf(name: string): string;
}

export interface Runtime {
  readonly peer: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: ActorLog;
  readonly dispatcher: Dispatcher;
  readonly deadlines: Deadlines;
  readonly temporaries: Naming;
  readonly askTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly streamIdleTimeoutMs: number;
  /** No new waits may begin. */
  readonly isStopped: boolean;
  /** Differs from that of any earlier life of this host. */
  readonly nonce: string;
  /** Counts incarnations: with the nonce before it, new each time. */
  nextIncarnation(): number;
  /** Reports a message that reached nobody after its sender had gone on. */
  refused(address: string, message: unknown, error: ActorError): void;
  ask<Message, Reply>(
    to: ActorRef<Message>,
    make: (replyTo: ActorRef<Reply>) => Message,
    options: AskOptions | undefined,
  ): Promise<Reply>;
  stream<Message, Item>(
    to: ActorRef<Message>,
    make: (replyTo: ActorRef<StreamRef<Item>>, open: () => StreamOpening<Item>) => Message,
    options: (StreamOptions & WaitOptions) | undefined,
  ): AsyncIterable<Item>;
}
