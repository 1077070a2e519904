/**
 * The envelope every text message travels in. One definition gives the types and the validation on both sides of the socket,
 * the JSON Schema (`schema/`) and the tables of `docs/PROTOCOL.md`.
 */
import * as z from "zod/mini";
import {
  broadcastPayload,
  commandPayload,
  commandResultPayload,
  errorPayload,
  eventPayload,
  messageAckPayload,
  messagePayload,
  queryPayload,
  responsePayload,
} from "./exchange.ts";
import { PROTOCOL_VERSION } from "./limits.ts";
import { heartbeatAckPayload, heartbeatPayload, registerAckPayload, registerPayload } from "./session.ts";
import { freeData, instant, shortText } from "./shapes.ts";

/** Whom a message is for: one client, a group, who listens to a channel, or all. */
export const targetSchema = z.union(
  [
    z.strictObject({ clientId: shortText }),
    z.strictObject({ group: shortText }),
    z.strictObject({ channel: shortText }),
    z.strictObject({ all: z.literal(true) }),
  ],
  "a target is one of clientId, group, channel, or all: true",
);
export type Target = z.infer<typeof targetSchema>;

const head = {
  messageId: z.uuidv4(),
  version: z.string().check(z.regex(/^\d{1,4}\.\d{1,4}$/)),
  source: z.object({ clientId: shortText, sessionId: z.optional(shortText) }),
  /** The peer itself when absent. */
  target: z.optional(targetSchema),
  correlationId: z.optional(shortText),
  inReplyTo: z.optional(z.uuid()),
  timestamp: instant,
  /** 5 when absent. */
  priority: z.optional(z.int().check(z.gte(0), z.lte(10))),
  /** From then on nobody is to get it. */
  expiresAt: z.optional(instant),
  metadata: z.optional(freeData),
};

/** A message, whatever its type. */
export const messageSchema = z.discriminatedUnion("type", [
  z.object({ ...head, type: z.literal("REGISTER"), payload: registerPayload }),
  z.object({ ...head, type: z.literal("REGISTER_ACK"), payload: registerAckPayload }),
  z.object({ ...head, type: z.literal("HEARTBEAT"), payload: heartbeatPayload }),
  z.object({ ...head, type: z.literal("HEARTBEAT_ACK"), payload: heartbeatAckPayload }),
  z.object({ ...head, type: z.literal("MESSAGE"), payload: messagePayload }),
  z.object({ ...head, type: z.literal("COMMAND"), payload: commandPayload }),
  z.object({ ...head, type: z.literal("COMMAND_RESULT"), payload: commandResultPayload }),
  z.object({ ...head, type: z.literal("QUERY"), payload: queryPayload }),
  z.object({ ...head, type: z.literal("RESPONSE"), payload: responsePayload }),
  z.object({ ...head, type: z.literal("EVENT"), payload: eventPayload }),
  z.object({ ...head, type: z.literal("BROADCAST"), payload: broadcastPayload }),
  z.object({ ...head, type: z.literal("MESSAGE_ACK"), payload: messageAckPayload }),
  z.object({ ...head, type: z.literal("ERROR"), payload: errorPayload }),
]);

export type Message = z.infer<typeof messageSchema>;
export type MessageType = Message["type"];
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;
export type Payload<T extends MessageType> = MessageOf<T>["payload"];

/** Who may send a type: a client to its peer (and through it to others), a peer to a client, or both. */
export const directions = {
  REGISTER: "client",
  REGISTER_ACK: "peer",
  HEARTBEAT: "client",
  HEARTBEAT_ACK: "peer",
  MESSAGE: "both",
  COMMAND: "both",
  COMMAND_RESULT: "both",
  QUERY: "both",
  RESPONSE: "both",
  EVENT: "both",
  BROADCAST: "both",
  MESSAGE_ACK: "client",
  ERROR: "peer",
} as const satisfies Readonly<Record<MessageType, "client" | "peer" | "both">>;

/** Outcome of {@link parseMessage}. */
export type ParseResult =
  | { readonly ok: true; readonly message: Message }
  | { readonly ok: false; readonly reason: string; readonly messageId: string | undefined };

/** Reads one text frame. Never throws: what is wrong comes back as a sentence, with the message's id where it has one. */
export function parseMessage(text: string): ParseResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, reason: `not JSON: ${String(error)}`, messageId: undefined };
  }
  return checkMessage(value);
}

/** As {@link parseMessage}, of what was read already. */
export function checkMessage(value: unknown): ParseResult {
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return { ok: true, message: parsed.data };
  const issue = parsed.error.issues[0];
  const where = issue === undefined || issue.path.length === 0 ? "message" : issue.path.join(".");
  const id = z.object({ messageId: z.uuid() }).safeParse(value);
  return {
    ok: false,
    reason: `${where}: ${issue?.message ?? "invalid"}`,
    messageId: id.success ? id.data.messageId : undefined,
  };
}

/** Options of {@link createMessage}. */
export interface MessageOptions {
  readonly from: string;
  readonly sessionId?: string | undefined;
  readonly target?: Target | undefined;
  readonly inReplyTo?: string | undefined;
  readonly correlationId?: string | undefined;
  /** 0 to 10. */
  readonly priority?: number | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt?: number | undefined;
}

/** A message that was just made. */
export type NewMessage<T extends MessageType> = Omit<MessageOf<"ERROR">, "type" | "payload"> & {
  type: T;
  payload: Payload<T>;
};

/** Makes a message with a fresh id and the current time. */
export function createMessage<T extends MessageType>(
  type: T,
  payload: Payload<T>,
  options: MessageOptions,
): NewMessage<T> {
  const { from, sessionId, target, inReplyTo, correlationId, priority, expiresAt } = options;
  return {
    messageId: crypto.randomUUID(),
    version: PROTOCOL_VERSION,
    type,
    source: { clientId: from, ...(sessionId === undefined ? {} : { sessionId }) },
    timestamp: Date.now(),
    payload,
    ...(target === undefined ? {} : { target }),
    ...(inReplyTo === undefined ? {} : { inReplyTo }),
    ...(correlationId === undefined ? {} : { correlationId }),
    ...(priority === undefined ? {} : { priority }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}
