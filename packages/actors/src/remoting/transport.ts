/**
 * What carries frames between hosts: TCP in tests, libp2p in the mesh, the simulation's network. A transport knows how to
 * reach a peer by its name and moves frames; who the other end is in this life, what frames mean and whether a silent peer
 * is still there is decided above.
 */
import type { ActorError } from "../errors.ts";

/**
 * Lanes of one connection do not wait for each other: `control` for what must be on time, `message` for messages, `bulk` for
 * items of streams. Each is best a connection of its own: heartbeats travel in all of them, so that a lost packet, which holds
 * up one for up to seconds, does not make the host silent. Where all share one connection, a link that loses packets needs a
 * second one for `control`, or a greater `maxSilenceMs`.
 */
export type Lane = "control" | "message" | "bulk";

export const LANES: readonly Lane[] = ["control", "message", "bulk"];

/** One way to one peer. Within a lane frames arrive whole, in order, once and without gaps, until the connection is closed. */
export interface TransportConnection {
  /** Who the other end has proven to be; undefined where nothing is proven. */
  readonly peer: string | undefined;
  /**
   * Where lanes share a connection, one lane of each connection; `control` is among them. Heartbeats go round these, one lane at
   * each beat, in place of all lanes at each: whoever has one connection silent still hears the other, at a fraction of the
   * packets. What comes in the first tells how long the silences of the peer usually are. Default: every lane at each beat.
   */
  readonly heartbeatLanes?: readonly Lane[];
  /**
   * Where others talk over the connection of lane `control` too: whether one of them has within the last `ms`, in a way that the other
   * end's receiver hears of (`heard`). A heartbeat there is left out then, once the other end has said that it hears it; so another
   * lane must be the first of `heartbeatLanes`.
   */
  hasTalked?(ms: number): boolean;
  /**
   * Sends a frame, given in pieces that need not be joined; they must not change any more. Takes it in any case.
   * @returns false when the lane is full: the next frame should wait for `drained`
   */
  send(lane: Lane, frame: readonly Uint8Array[]): boolean;
  /** Closes in order: what was sent before arrives if the other end still reads. Then `closed` is called. */
  end(): void;
  /** Closes at once; the other end learns of it at once where that is possible. `closed` is called, but not from within. */
  destroy(): void;
}

/** Told by the transport, one thing at a time, and never from within a call of the connection's. */
export interface ConnectionReceiver {
  /** The frame is the receiver's own: its bytes stay as they are. */
  frame(lane: Lane, frame: Uint8Array): void;
  /** Bytes have come, be they only part of a frame: a sign of life. Called before `frame`. */
  heard(): void;
  /** There is room again in a lane that was full. */
  drained(lane: Lane): void;
  /** The last call, and it always comes; without an error when either side had ended it in order. */
  closed(error: ActorError | undefined): void;
}

/** Somebody has connected to this host; nothing comes before this returns. */
export type AcceptConnection = (connection: TransportConnection) => ConnectionReceiver;

export interface ActorTransport {
  /** Largest frame that it carries, in bytes. */
  readonly maxFrameBytes: number;
  /** From now on connections are taken. Called once. */
  listen(accept: AcceptConnection): Promise<void>;
  /**
   * Connects to a peer. Rejects with ActorError `peer-gone` when that is not possible, and `cancelled` when `signal` was
   * aborted before it was; each caller has a connection of its own.
   */
  connect(peer: string, receiver: ConnectionReceiver, signal: AbortSignal): Promise<TransportConnection>;
  /** Takes no more connections, destroys those that there are. Fulfilled when nothing is left behind. */
  close(): Promise<void>;
}
