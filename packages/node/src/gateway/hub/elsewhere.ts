/** The hubs of other peers, as a hub sees them. */
import type { Message, MessageStatus } from "@parley/sdk";
import type { ClientSeat } from "./directory.ts";
import type { Post, Try } from "./post.ts";

/** The way to them. Nothing here throws or rejects. */
export interface Elsewhere {
  /** A client of this peer came, or changed groups or channels. */
  joined(seat: ClientSeat): void;
  left(sessionId: string): void;
  /** Hears from all who have a client of that id, or clients in that group, where they are; soon. */
  seek(whom: { readonly clientId: string } | { readonly group: string }): Promise<void>;
  /** Gives a message to a client of `peer`. */
  give(post: Post, to: string, peer: string): Promise<Try>;
  /** Hands a message to all clients of all others whom it is for. @returns to how many */
  spread(post: Post): Promise<number>;
  /** Tells a client of `peer`, though a link may break meanwhile; not though the peer goes. */
  tell(message: Message, to: string, peer: string): void;
  /** Where clients reach another peer. */
  urlsOf(peer: string): readonly string[];
  /** What others know of a message that `from` has sent. */
  statusOf(messageId: string, from: string): Promise<readonly MessageStatus[]>;
}
