/** What is carried between clients, and what becomes of it. */
import type { Message, MessageOf, MessageType } from "@parley/sdk";
import { HUB } from "./times.ts";

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

/** Who asks does not wait for ever, and who was away is not asked what nobody wants to know any more. */
export function timed(post: Post, nowMs: number): Post {
  if (post.type !== "QUERY" || post.expiresAt !== undefined) return post;
  return { ...post, expiresAt: nowMs + (post.payload.timeout ?? HUB.queryMs) };
}

/** The message that a COMMAND_RESULT or RESPONSE answers. */
export function questionOf(post: Post): string | undefined {
  if (post.type === "RESPONSE") return post.payload.queryId;
  return post.type === "COMMAND_RESULT" ? post.payload.commandId : undefined;
}

/** Who is to listen to it; undefined: everybody. */
export function channelOf({ target, ...post }: Post): string | undefined {
  if (target !== undefined && "channel" in target) return target.channel;
  return target === undefined && post.type === "BROADCAST" ? post.payload.channel : undefined;
}
