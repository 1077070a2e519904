/** What is carried between clients, and what becomes of it. */
import type { Message, MessageOf, MessageType } from "@parley/sdk";

/** The types that travel from one client to others. */
export const postTypes = [
  "MESSAGE",
  "COMMAND",
  "COMMAND_RESULT",
  "QUERY",
  "RESPONSE",
  "EVENT",
  "BROADCAST",
] as const satisfies readonly MessageType[];

/** A message from one client to others. */
export type Post = MessageOf<(typeof postTypes)[number]>;

const POSTED: ReadonlySet<string> = new Set(postTypes);

export function isPost(message: Message): message is Post {
  return POSTED.has(message.type);
}

/**
 * What became of one try. `unanswered`: it was given and not acknowledged; `gone`: the receiver is not there (any more); `busy`: it
 * has as much unacknowledged as it may.
 */
export type Try =
  | { readonly outcome: "delivered" | "unanswered" | "gone" | "busy" }
  /** It will not be handled, and is not to be sent again. */
  | { readonly outcome: "refused"; readonly reason: string };

/** What became of a message to one receiver. */
export type Fate =
  | { readonly fate: "queued" }
  | { readonly fate: "delivered"; readonly attempts: number }
  | { readonly fate: "failed"; readonly attempts: number; readonly reason: string }
  | { readonly fate: "expired"; readonly attempts: number };

/** True when nobody is to get it any more. */
export function isExpired({ expiresAt }: Post, nowMs: number): boolean {
  return expiresAt !== undefined && expiresAt <= nowMs;
}
