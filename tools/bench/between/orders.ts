/** What the actor at the other end of a bench between two processes is asked, whatever carries it. */
import type { ActorRef, StreamRef } from "@parley/actors";

export interface Echo {
  readonly type: "echo";
  readonly payload: Uint8Array;
  readonly replyTo: ActorRef<Uint8Array>;
}

/** `count` items of so many bytes. */
export interface OfferStream {
  readonly type: "stream";
  readonly count: number;
  readonly bytes: number;
  readonly replyTo: ActorRef<StreamRef<Uint8Array>>;
}

/** The same bytes each time: what is measured is their way. */
export function repeated({ count, bytes }: Pick<OfferStream, "count" | "bytes">): readonly Uint8Array[] {
  const item = new Uint8Array(bytes);
  return Array.from({ length: count }, () => item);
}
