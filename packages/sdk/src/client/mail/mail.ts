/** Messages between clients, as their senders and receivers see them. */
import type { Payload, Target } from "../../protocol/envelope.ts";
import type { MessageStatus } from "../../protocol/query.ts";

/** Options of everything that is sent and answered. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** How long it is waited for. */
  readonly timeoutMs?: number;
}

/** Options of {@link ParleyClient.send} and its kin. */
export interface SendOptions extends CallOptions {
  /** 0 to 10, 5 when absent; from 8 on it is written down before it is delivered. */
  readonly priority?: number;
  /** Nobody is to get it so long from now. */
  readonly expiresInMs?: number;
  readonly correlationId?: string;
  /** The message that this answers. */
  readonly inReplyTo?: string;
  /** `delivered`: also wait for a receiver who is away now. Default `taken`: it is enough that the house has written it down. */
  readonly until?: "taken" | "delivered";
}

/** What happens on the way of something that was asked for. */
export interface ProgressEvent {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Options of {@link ParleyClient.run}. Aborting has the peer stop. */
export interface RunOptions extends CallOptions {
  readonly onEvent?: (event: ProgressEvent) => void;
}

/** What a message says: text, or text with what belongs to it. */
export type Content = string | Payload<"MESSAGE">;

/** What became of a message to one client or a group. */
export type Delivery = {
  readonly messageId: string;
  readonly clientId: string;
  /** Of a message to a group: to how many clients it goes. This is the first of them of which something is known. */
  readonly recipients?: number;
} & (
  | { readonly status: "delivered"; readonly attempts: number; readonly deliveredAt: number }
  /** The receiver is away, and gets it when it comes back. */
  | { readonly status: "queued" }
);

/** What became of a message to all or a channel. */
export interface Handed {
  readonly status: "sent";
  readonly messageId: string;
  /** To so many clients. */
  readonly recipients: number;
}

/** What {@link ParleyClient.send} comes to. */
export type Sent = Delivery | Handed;

/** What becomes of messages of one's own, as it is told. */
export type DeliveryReport = Sent | { readonly status: "failed"; readonly messageId: string; readonly reason: string };

interface Incoming {
  readonly id: string;
  /** The client that sent it. */
  readonly from: string;
  readonly to: Target | undefined;
  readonly priority: number;
  readonly timestamp: number;
  readonly correlationId: string | undefined;
  readonly inReplyTo: string | undefined;
}

/** A message from another client. */
export interface IncomingMessage extends Incoming {
  /** For a BROADCAST its channel. */
  readonly channel: string | undefined;
  readonly content: string;
  readonly contentType: NonNullable<Payload<"MESSAGE">["contentType"]>;
  readonly attachments: NonNullable<Payload<"MESSAGE">["attachments"]>;
  readonly threadId: string | undefined;
  readonly context: Payload<"MESSAGE">["context"];
  /** Sends `content` to whom this came from. */
  reply(content: Content, options?: SendOptions): Promise<Sent>;
}

/** A command from another client. */
export interface IncomingCommand extends Incoming {
  readonly command: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** A question from another client. */
export interface IncomingQuery extends Incoming {
  readonly queryType: string;
  readonly query: string | undefined;
  readonly limit: number | undefined;
  readonly filter: Readonly<Record<string, unknown>> | undefined;
}

/** Something that has happened, told by another client or, with `from` `server`, by the peer. */
export interface IncomingEvent extends Incoming {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** An answer to a query. */
export interface Answer {
  readonly data: unknown;
  /** In milliseconds. */
  readonly processingTimeMs: number;
  readonly sources: readonly Readonly<Record<string, unknown>>[];
}

export type { MessageStatus };

/** A handler throws it to say that it will never handle this message: the sender is told, and it does not come again. */
export class MessageRefused extends Error {
  override readonly name = "MessageRefused";
  readonly nextStep: string;

  constructor(message: string, nextStep = "Ask the owner of the receiver.") {
    super(message);
    this.nextStep = nextStep;
  }
}
