/** The wires between nodes. The driver brings messages to them and takes messages from them. */
import type { Message, NodeId } from "../core/types.ts";
import type { SnapshotContents } from "../storage/log-store.ts";

/** Carries messages to other nodes: each at most once, and in order while a connection lasts. */
export interface Transport {
  /** Called once, before anything is sent. */
  start(receiver: TransportReceiver): Promise<void>;
  /**
   * Puts messages on their way, in this order; `to` says where. Never throws and never waits: what cannot be sent is
   * dropped and {@link TransportReceiver.unreachable} says so. Queues are bounded.
   */
  send(messages: readonly Message[]): void;
  /**
   * Streams a snapshot; `message.snapshot` has empty `data`. Fulfilled once the receiver's
   * {@link TransportReceiver.receiveSnapshot} is; rejects with RaftError `unreachable` otherwise, or when `signal` aborts.
   */
  sendSnapshot(message: Message, contents: SnapshotContents, signal: AbortSignal): Promise<void>;
  /** Smoothed round trip to `peer`; undefined while there is none. */
  roundTripMs(peer: NodeId): number | undefined;
  /** Drops what waits and frees sockets. May be called twice. */
  close(): Promise<void>;
}

/** What the driver wants to hear of. None of these throws. */
export interface TransportReceiver {
  /** A message of a peer that the transport knows to be `message.from`, or that passes it on (`isPassedOn`). */
  receive(message: Message): void;
  /** Takes in a snapshot; `chunks` must be read to the end before it may be believed. Rejects when it has no use for it. */
  receiveSnapshot(message: Message, contentBytes: number, chunks: AsyncIterable<Uint8Array>): Promise<void>;
  /** Messages to `peer` were dropped. Not more often than once a connection or heartbeat. */
  unreachable(peer: NodeId): void;
  /**
   * The process of `peer` has ended for sure: its connection closed and its host refuses a new one. Never said of a
   * silent or slow one. Lets followers elect at once instead of waiting for the election timeout.
   */
  gone(peer: NodeId): void;
}
