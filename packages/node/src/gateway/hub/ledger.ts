/** What became of the latest messages that were sent here, or waited: who, to whom and how far. Never what they said. */
import type { MessageStatus } from "@parley/sdk";
import { Kept } from "./kept.ts";
import type { Fate, Post } from "./post.ts";
import { HUB } from "./times.ts";

interface Entry {
  readonly from: string;
  readonly status: MessageStatus;
}

export class Ledger {
  /** By message, and in there by receiver. */
  readonly #entries = new Kept<Map<string, Entry>>(HUB.ledgerMax);

  /** To how many a message to a group goes that was sent here. */
  readonly #groups = new Kept<number>(HUB.ledgerMax);

  /** It goes to so many. */
  toGroup({ messageId }: Post, recipients: number): void {
    this.#groups.set(messageId, recipients);
  }

  /** To how many it goes; undefined: to no group, or it was sent elsewhere. */
  recipientsOf({ messageId }: Post): number | undefined {
    return this.#groups.get(messageId);
  }

  /** It is on its way (`fate` undefined), or this became of it. */
  note(post: Post, to: string, fate: Fate | undefined): void {
    const { messageId } = post;
    const byReceiver = this.#entries.get(messageId) ?? new Map<string, Entry>();
    byReceiver.set(to, { from: post.source.clientId, status: { ...pendingOf(post, to), ...statusOf(fate) } });
    this.#entries.set(messageId, byReceiver);
  }

  /** Of a message that `from` has sent, one for each receiver. */
  of(messageId: string, from: string): readonly MessageStatus[] {
    const entries = [...(this.#entries.get(messageId)?.values() ?? [])];
    return entries.filter((entry) => entry.from === from).map(({ status }) => status);
  }
}

/** A message that is on its way, or waits. */
export function pendingOf(post: Post, to: string): MessageStatus {
  const { messageId, type, correlationId } = post;
  const threadId = post.type === "MESSAGE" ? post.payload.threadId : undefined;
  return {
    messageId,
    type,
    clientId: to,
    status: "PENDING",
    attempts: 0,
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(threadId === undefined ? {} : { threadId }),
  };
}

/** Of what several peers know of a message, the furthest for each receiver. */
export function furthest(statuses: readonly MessageStatus[]): readonly MessageStatus[] {
  const byReceiver = new Map<string, MessageStatus>();
  for (const status of statuses) {
    const before = byReceiver.get(status.clientId);
    if (before === undefined || before.status === "PENDING") byReceiver.set(status.clientId, status);
  }
  return [...byReceiver.values()];
}

function statusOf(fate: Fate | undefined): Pick<MessageStatus, "status" | "attempts" | "failureReason"> {
  switch (fate?.fate) {
    case undefined:
    case "queued":
      return { status: "PENDING", attempts: 0 };
    case "delivered":
      return { status: "DELIVERED", attempts: fate.attempts };
    case "failed":
      return { status: "FAILED", attempts: fate.attempts, failureReason: fate.reason };
    case "expired":
      return { status: "EXPIRED", attempts: fate.attempts, failureReason: "its time was over" };
  }
}
