/**
 * The envelope every text message travels in, and the payloads of the types a peer speaks today. One definition gives
 * the types and the validation, on both sides of the socket.
 */
import * as z from "zod/mini";

/** Version written into every message; a peer answers within the same major version. */
export const PROTOCOL_VERSION = "1.0";

/** The `clientId` a peer uses as source of its own messages. */
export const SERVER_ID = "server";

/** Largest text message either side accepts, in bytes. */
export const MAX_TEXT_BYTES = 1_048_576;

const shortText = z.string().check(z.minLength(1), z.maxLength(128));
const freeData = z.record(z.string(), z.unknown());

/** REGISTER: the first message of every connection. */
const registerPayload = z.object({
  clientId: shortText,
  authToken: z.string().check(z.maxLength(512)),
  clientType: z.enum(["web", "desktop", "api", "bridge"]),
  capabilities: z.optional(freeData),
  metadata: z.optional(freeData),
});

const registerAckPayload = z.object({
  success: z.boolean(),
  sessionId: shortText,
  serverInfo: z.object({
    peerId: z.string(),
    name: z.string(),
    version: z.string(),
    capabilities: z.object({
      streaming: z.boolean(),
      binary: z.boolean(),
      groups: z.boolean(),
      /** It takes audio frames that say how much of them is the client's own playback. */
      echo: z.optional(z.boolean()),
    }),
  }),
});

/** COMMAND: something to be done; its `messageId` names the work from then on. */
const commandPayload = z.object({
  command: shortText,
  parameters: freeData,
  requiresAck: z.optional(z.boolean()),
});

const failure = z.object({
  code: shortText,
  message: z.string(),
  nextStep: z.string(),
});

const commandResultPayload = z.object({
  commandId: z.uuid(),
  success: z.boolean(),
  result: z.optional(freeData),
  error: z.optional(failure),
});

const eventPayload = z.object({
  eventType: shortText,
  eventData: freeData,
  timestamp: z.number(),
});

/** The error codes of the protocol itself. Failures inside a command travel in its COMMAND_RESULT. */
export const errorCodes = [
  "INVALID_MESSAGE",
  "AUTHENTICATION_FAILED",
  "AUTHORIZATION_DENIED",
  "RATE_LIMIT_EXCEEDED",
  "INTERNAL_ERROR",
] as const;
export type ProtocolErrorCode = (typeof errorCodes)[number];

const errorPayload = z.object({
  errorCode: z.enum(errorCodes),
  errorMessage: z.string(),
  retryable: z.boolean(),
  details: z.optional(freeData),
});

const head = {
  messageId: z.uuid(),
  version: z.string().check(z.regex(/^\d+\.\d+$/)),
  source: z.object({ clientId: shortText, sessionId: z.optional(shortText) }),
  correlationId: z.optional(shortText),
  inReplyTo: z.optional(z.uuid()),
  timestamp: z.number().check(z.nonnegative()),
  priority: z.optional(z.int().check(z.gte(0), z.lte(10))),
  expiresAt: z.optional(z.number()),
  metadata: z.optional(freeData),
};

/** A message, whatever its type. */
export const messageSchema = z.discriminatedUnion("type", [
  z.object({ ...head, type: z.literal("REGISTER"), payload: registerPayload }),
  z.object({ ...head, type: z.literal("REGISTER_ACK"), payload: registerAckPayload }),
  z.object({ ...head, type: z.literal("COMMAND"), payload: commandPayload }),
  z.object({ ...head, type: z.literal("COMMAND_RESULT"), payload: commandResultPayload }),
  z.object({ ...head, type: z.literal("EVENT"), payload: eventPayload }),
  z.object({ ...head, type: z.literal("ERROR"), payload: errorPayload }),
]);

export type Message = z.infer<typeof messageSchema>;
export type MessageType = Message["type"];
export type MessageOf<T extends MessageType> = Extract<Message, { type: T }>;
export type Payload<T extends MessageType> = MessageOf<T>["payload"];
/** A command's failure as it crosses the wire. */
export type WireFailure = z.infer<typeof failure>;

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
  readonly inReplyTo?: string | undefined;
  readonly correlationId?: string | undefined;
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
  return {
    messageId: crypto.randomUUID(),
    version: PROTOCOL_VERSION,
    type,
    source: {
      clientId: options.from,
      ...(options.sessionId === undefined ? {} : { sessionId: options.sessionId }),
    },
    timestamp: Date.now(),
    payload,
    ...(options.inReplyTo === undefined ? {} : { inReplyTo: options.inReplyTo }),
    ...(options.correlationId === undefined ? {} : { correlationId: options.correlationId }),
  };
}
