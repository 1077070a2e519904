/** What the door needs of the network: libp2p's streams in the mesh, a pair in memory in tests. */

/** One stream between two peers that have proven their peer ids to each other (Noise). Frames arrive whole and in order. */
export interface FrameStream {
  /** Peer id at the other end, proven. */
  readonly remotePeer: string;
  /** IP address that the other end connects from; undefined where there is none. */
  readonly remoteAddress: string | undefined;
  /** Sends one frame. @throws PeerError `peer-silent` when the stream has ended. */
  send(frame: Uint8Array): Promise<void>;
  /**
   * The next frame; one caller at a time. A frame longer than {@link MAX_FRAME_BYTES} aborts the stream.
   * @throws PeerError `peer-silent` when none has come after `timeoutMs`, or the stream has ended
   * @throws PeerError `interrupted` when `signal` is aborted first
   */
  receive(options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Uint8Array>;
  /** From now on nothing needs to be said for a long time. False when too many wait already. Absent: nobody minds. */
  letWait?(): boolean;
  endWait?(): void;
  /** Closes in order: what was sent arrives. May be called again. */
  close(): Promise<void>;
  /** Ends the stream at once, at both ends. May be called again. */
  abort(error: Error): void;
}

/** Largest frame of the door's protocol. */
export const MAX_FRAME_BYTES = 16 * 1024;
