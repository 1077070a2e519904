/**
 * What becomes of a message from one client to others. Its sender is told once for each receiver; who is away gets it when it
 * comes back. A receiver may be given a message more than once, and handles it once: see {@link SeenMessages}.
 */
import * as z from "zod/mini";
import { instant, shortText } from "./shapes.ts";

/** Where a message to one receiver is. */
export const deliveryStates = ["PENDING", "DELIVERED", "FAILED", "EXPIRED"] as const;
export type DeliveryState = (typeof deliveryStates)[number];

const about = {
  messageId: z.uuid(),
  /** The receiver. */
  clientId: shortText,
  /** Of a message to a group: to how many clients it goes; each is told of by itself. */
  recipients: z.optional(z.int()),
};

/**
 * The EVENTs that tell a sender, `inReplyTo` its message. A message that ran out of time is told as an ERROR `MESSAGE_EXPIRED`.
 */
export const deliveryEventSchema = z.discriminatedUnion("type", [
  /** It is written down where it survives the peer that took it; repeating it is needless. */
  z.object({ type: z.literal("message_queued"), ...about }),
  /** The receiver has handled it; one that acknowledges nothing, has been sent it. */
  z.object({ type: z.literal("message_delivered"), ...about, attempts: z.int(), deliveredAt: instant }),
  /** Nobody tries any more. */
  z.object({ type: z.literal("message_failed"), ...about, attempts: z.int(), reason: z.string() }),
  /** A BROADCAST, or a message to all or to a channel, was handed to so many clients. */
  z.object({ type: z.literal("message_sent"), messageId: z.uuid(), recipients: z.int() }),
]);
export type DeliveryEvent = z.infer<typeof deliveryEventSchema>;

/** The EVENTs about other clients, for who listens to the channel {@link CLIENTS_CHANNEL}. */
export const clientEventTypes = ["client_connected", "client_disconnected"] as const;
export const CLIENTS_CHANNEL = "clients";

/** Ids that a receiver remembers. */
const SEEN_KEPT = 4096;

/**
 * Which messages this receiver has begun with or finished, the latest {@link SEEN_KEPT} of them. It outlives connections: what
 * comes again, over whatever peer, is not handled again, but acknowledged again when it is finished.
 */
export class SeenMessages {
  readonly #seen = new Map<string, "begun" | "finished">();
  readonly #kept: number;

  constructor(kept = SEEN_KEPT) {
    this.#kept = kept;
  }

  /** `new`: handle it, then call {@link finish}. `begun`: say nothing yet. `finished`: acknowledge it again. */
  receive(messageId: string): "new" | "begun" | "finished" {
    const known = this.#seen.get(messageId);
    if (known !== undefined) return known;
    this.#seen.set(messageId, "begun");
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > this.#kept && oldest !== undefined) this.#seen.delete(oldest);
    return "new";
  }

  /** Its handler has finished. */
  finish(messageId: string): void {
    if (this.#seen.has(messageId)) this.#seen.set(messageId, "finished");
  }

  /** Its handler failed: when it comes again it is handled again. */
  forget(messageId: string): void {
    this.#seen.delete(messageId);
  }
}
