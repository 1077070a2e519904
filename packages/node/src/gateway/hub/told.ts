/** What a sender is told of its messages. */
import { createMessage, SERVER_ID, type DeliveryEvent, type Message } from "@parley/sdk";
import type { Fate, Post } from "./post.ts";

interface Told {
  readonly nowMs: number;
  /** To how many it goes, where it goes to a group. */
  readonly recipients: number | undefined;
}

/** The message that tells what became of `post` for the receiver `to`. */
export function toldOf(post: Post, to: string, fate: Fate, { nowMs, recipients }: Told): Message {
  const about = { messageId: post.messageId, clientId: to, ...(recipients === undefined ? {} : { recipients }) };
  if (fate.fate === "expired") return expired(post, to);
  const event: DeliveryEvent =
    fate.fate === "queued"
      ? { type: "message_queued", ...about }
      : fate.fate === "delivered"
        ? { type: "message_delivered", ...about, attempts: fate.attempts, deliveredAt: nowMs }
        : { type: "message_failed", ...about, attempts: fate.attempts, reason: fate.reason };
  return eventOf(post, event, nowMs);
}

/** A message to many was handed to so many. */
export function sentOf(post: Post, recipients: number, nowMs: number): Message {
  return eventOf(post, { type: "message_sent", messageId: post.messageId, recipients }, nowMs);
}

/** Somebody came or went. */
export function clientEvent(
  eventType: "client_connected" | "client_disconnected",
  eventData: Readonly<Record<string, unknown>>,
  nowMs: number,
): Message & { type: "EVENT" } {
  const payload = { eventType, eventData: { ...eventData }, timestamp: nowMs };
  return createMessage("EVENT", payload, { from: SERVER_ID });
}

function eventOf(post: Post, { type, ...eventData }: DeliveryEvent, nowMs: number): Message {
  const payload = { eventType: type, eventData, timestamp: nowMs };
  return createMessage("EVENT", payload, replyTo(post));
}

function expired(post: Post, to: string): Message {
  const payload = {
    errorCode: "MESSAGE_EXPIRED" as const,
    errorMessage: "its time was over before it was delivered",
    retryable: false,
    details: { clientId: to },
  };
  return createMessage("ERROR", payload, replyTo(post));
}

function replyTo({ messageId, correlationId }: Post): {
  readonly from: string;
  readonly inReplyTo: string;
  readonly correlationId: string | undefined;
} {
  return { from: SERVER_ID, inReplyTo: messageId, correlationId };
}
