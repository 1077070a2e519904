/** What clients and peers say to each other once they know each other. */
import * as z from "zod/mini";
import { errorCodes } from "./error-codes.ts";
import { privacyManner } from "./privacy.ts";
import { failure, freeData, instant, shortText } from "./shapes.ts";

/** How text is meant. `text/plain` when absent. */
const contentType = z.optional(z.enum(["text/plain", "text/markdown", "application/json"]));

/** A small file beside a message. */
const attachment = z.object({
  name: z.string().check(z.minLength(1), z.maxLength(255)),
  mimeType: z.string().check(z.minLength(1), z.maxLength(255)),
  /** The bytes. */
  base64: z.base64(),
  /** Of the file itself, in bytes. */
  size: z.int().check(z.nonnegative()),
});

/** Attachments of one message; all of it together keeps to the largest text message. */
const MAX_ATTACHMENTS = 16;
/** What a sender may give along of what was said before. */
const MAX_CONTEXT = 100;

/** MESSAGE: text to another client, or, without a target, to the assistant; and the assistant's answer. */
export const messagePayload = z.object({
  content: z.string(),
  contentType,
  attachments: z.optional(z.array(attachment).check(z.maxLength(MAX_ATTACHMENTS))),
  /** The thread that it belongs to, across sessions, clients and peers. */
  threadId: z.optional(shortText),
  /** Of a question to the assistant alone: what has a target goes to where that is. */
  ...privacyManner,
  context: z.optional(
    z.object({
      previousMessages: z.optional(z.array(z.unknown()).check(z.maxLength(MAX_CONTEXT))),
      relevantMemories: z.optional(z.array(z.unknown()).check(z.maxLength(MAX_CONTEXT))),
    }),
  ),
  /** What an answer also does: things to show or to carry out, each with a `type`. */
  actions: z.optional(z.array(freeData).check(z.maxLength(MAX_CONTEXT))),
});

/** COMMAND: something to be done, by the peer or by the client that is its target; its `messageId` names the work from then on. */
export const commandPayload = z.object({
  command: shortText,
  parameters: freeData,
  /** Whether a COMMAND_RESULT is wanted; the peer's own commands always give one where they end. */
  requiresAck: z.optional(z.boolean()),
});

export const commandResultPayload = z.object({
  commandId: z.uuid(),
  success: z.boolean(),
  result: z.optional(freeData),
  error: z.optional(failure),
});

/** QUERY: a question with one answer, to the peer or to the client that is its target. */
export const queryPayload = z.object({
  queryType: shortText,
  query: z.optional(z.string()),
  /** At most so many results. */
  limit: z.optional(z.int().check(z.gte(1), z.lte(1000))),
  filter: z.optional(freeData),
  includeContext: z.optional(z.boolean()),
  /** How long an answer is waited for, in milliseconds. */
  timeout: z.optional(z.int().check(z.gte(1), z.lte(600_000))),
});

export const responsePayload = z.object({
  queryId: z.uuid(),
  success: z.boolean(),
  data: z.optional(z.unknown()),
  error: z.optional(failure),
  /** From the question's arrival to this answer, in milliseconds. */
  processingTime: z.number().check(z.nonnegative()),
  /** Where the answer comes from. */
  sources: z.optional(z.array(freeData)),
});

/** EVENT: something has happened. Between clients only with a target. */
export const eventPayload = z.object({
  eventType: shortText,
  eventData: freeData,
  timestamp: instant,
});

/** BROADCAST: to all who listen to its channel; with the target `all`, to everybody who is there. */
export const broadcastPayload = z.object({
  channel: shortText,
  content: z.string(),
  contentType,
  metadata: z.optional(freeData),
});

/** MESSAGE_ACK: the receiver's handler has finished with a message that came from another client. */
export const messageAckPayload = z.object({
  messageId: z.uuid(),
  /** False: it will not be handled, and is not to be sent again. */
  success: z.boolean(),
  error: z.optional(failure),
});

export const errorPayload = z.object({
  errorCode: z.enum(errorCodes),
  errorMessage: z.string(),
  retryable: z.boolean(),
  /** In how long the same may be said again, in milliseconds, where the peer knows that. */
  retryAfterMs: z.optional(z.int().check(z.nonnegative())),
  details: z.optional(freeData),
});

/** A message in a wrapper of its own, which only those who share a key can read. It is no envelope. */
export const encryptedMessageSchema = z.object({
  type: z.literal("encrypted_message"),
  sessionId: shortText,
  data: z.base64(),
});
