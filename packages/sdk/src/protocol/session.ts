/** How a client comes in and stays: REGISTER, HEARTBEAT and their answers. */
import * as z from "zod/mini";
import { continuedSchema } from "./resume.ts";
import { failure, freeData, instant, names, shortText } from "./shapes.ts";

const token = z.string().check(z.maxLength(4096));

/** What a client says it can do; what it does not say, it cannot. */
const clientCapabilities = z.object({
  /** Answers to its MESSAGEs come piece by piece, as EVENTs `content` and `metadata`, before the whole. */
  supportsStreaming: z.optional(z.boolean()),
  supportsBinaryData: z.optional(z.boolean()),
  /** Bytes of the largest text message it takes; longer ones are not sent to it. */
  maxMessageSize: z.optional(z.int().check(z.gte(1024))),
  /** Such as {@link ACKNOWLEDGES}, {@link PASSING} and {@link STAYS}. */
  features: z.optional(names),
});

/** The feature of a client that answers what it has handled with MESSAGE_ACK. To others a message counts as delivered once their socket has it. */
export const ACKNOWLEDGES = "ack";

/** The feature of a client whose id was made up for this time: it will not come by it again, and nobody needs to remember it for good. */
export const PASSING = "passing";

/**
 * The feature of a client that stays where it is connected when its session goes on at another host in the midst of work: it is told the
 * EVENT {@link SESSION_MOVED}, answers that with MESSAGE_ACK, and asks for its work again behind that. Others are closed with 1012.
 */
export const STAYS = "stays";
export const SESSION_MOVED = "session-moved";

/**
 * The feature of a client that takes a HEARTBEAT_ACK it has not asked for: a sign of life from a peer that reads nothing for a while,
 * because it cannot yet do more with what has come.
 */
export const SIGNS = "signs";

/** REGISTER: the first message of every connection. */
export const registerPayload = z.object({
  /** The same at every connection of the same client: under it messages reach it, also those that waited. */
  clientId: shortText,
  /** Needed unless `resumeToken` still holds. */
  authToken: z.optional(token),
  /** From the last REGISTER_ACK of any peer of the same house. */
  resumeToken: z.optional(token),
  /**
   * A session of the same account that goes on here: whoever is connected to it is told (EVENT `session-continued`), and its
   * connection is closed by 4409. Refused with `TARGET_NOT_FOUND` where there is none.
   */
  continueSession: z.optional(shortText),
  /**
   * Which of this client's connections it is. What reaches its session late, by an earlier connection, then takes nothing from a later
   * one.
   */
  comes: z.optional(
    z.object({
      /** The same for all connections that one running client makes. */
      chain: shortText,
      /** More at each of them. */
      nth: z.int().check(z.gte(0)),
    }),
  ),
  clientType: z.enum(["web", "desktop", "api", "bridge"]),
  capabilities: z.optional(clientCapabilities),
  /** Such as `userAgent`, `platform` (also `mobile`, `vr`, `editor`), `version`. */
  metadata: z.optional(freeData),
  groups: z.optional(names),
  channels: z.optional(names),
});

export const registerAckPayload = z.object({
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
      /** It goes on with answers that were cut at another peer. */
      resume: z.optional(z.boolean()),
      /** It knows `continueSession`. */
      continues: z.optional(z.boolean()),
    }),
  }),
  /** To who has asked for `continueSession`. */
  continued: z.optional(continuedSchema),
  /** Lets the same client in again, at any peer of the house, until `resumeExpiresAt`. */
  resumeToken: z.optional(token),
  resumeExpiresAt: z.optional(instant),
  /** A session in which nothing is said for so long is ended: a client that only listens sends HEARTBEATs. */
  sessionTimeoutMs: z.optional(z.number()),
  error: z.optional(failure),
});

export const heartbeatPayload = z.object({
  /** The client's clock. */
  timestamp: instant,
  status: z.enum(["active", "idle"]),
});

export const heartbeatAckPayload = z.object({
  /** As it came; unasked, the peer's clock. */
  timestamp: instant,
  /** The peer's clock. */
  serverTime: instant,
});

/** How far a client's session is. */
export const sessionStates = ["CONNECTING", "AUTHENTICATED", "ACTIVE", "IDLE", "DISCONNECTED"] as const;
export type SessionState = (typeof sessionStates)[number];
