/** The questions that a peer itself answers, and the data of its answers. */
import * as z from "zod/mini";
import { deliveryStates } from "./delivery.ts";
import { sessionStates } from "./session.ts";
import { instant, shortText } from "./shapes.ts";

/** The `queryType`s that a peer knows. */
export const queryTypes = [
  "get_status",
  "get_active_nodes",
  "get_node_details",
  "get_message_status",
  "get_sessions",
  "recall_memory",
] as const;
export type QueryType = (typeof queryTypes)[number];

const node = {
  nodeId: z.string(),
  name: z.string(),
  status: z.enum(["online", "offline"]),
  isPrime: z.boolean(),
  /** The peer that answers. */
  isSelf: z.boolean(),
  /** It hands over what it does: new clients go to others first. Absent: it does not. */
  isDraining: z.optional(z.boolean()),
  roundTripMs: z.optional(z.number()),
  lastSeenMs: z.optional(z.number()),
  /** Where clients reach it, such as `wss://10.0.0.7:8765/ws`. */
  urls: z.optional(z.array(z.string())),
};

/** One of the answer to `get_active_nodes`. `filter: {status}` and `limit` choose among them. */
export const nodeSummarySchema = z.object(node);
export type NodeSummary = z.infer<typeof nodeSummarySchema>;

const words = z.array(z.string());

/** The answer to `get_node_details`; `query` is a node's id or name, the peer itself when absent. */
export const nodeDetailsSchema = z.object({
  ...node,
  role: z.string(),
  host: z.optional(z.string()),
  platform: z.optional(z.string()),
  version: z.optional(z.string()),
  roles: words,
  hardware: words,
  models: words,
  languages: words,
  voices: words,
  addresses: words,
});
export type NodeDetails = z.infer<typeof nodeDetailsSchema>;

/** The answer to `get_message_status`, one for each receiver; `query` is the message's id. Senders ask for their own. */
export const messageStatusSchema = z.object({
  messageId: z.uuid(),
  type: shortText,
  clientId: shortText,
  status: z.enum(deliveryStates),
  attempts: z.int(),
  failureReason: z.optional(z.string()),
  correlationId: z.optional(z.string()),
  threadId: z.optional(z.string()),
});
export type MessageStatus = z.infer<typeof messageStatusSchema>;

/** One of the answer to `recall_memory`; where it comes from is in the RESPONSE's `sources`. */
export const memoryHitSchema = z.object({
  id: z.string(),
  text: z.string(),
  score: z.optional(z.number()),
  threadId: z.optional(z.string()),
  timestamp: z.optional(z.number()),
});
export type MemoryHit = z.infer<typeof memoryHitSchema>;

/** One of the answer to `get_sessions`: those of the peer that answers, then those that ended there, the latest first. */
export const sessionSummarySchema = z.object({
  sessionId: shortText,
  /** Known once the client has registered. */
  clientId: z.optional(shortText),
  clientType: z.optional(shortText),
  state: z.enum(sessionStates),
  /** When it entered each state last. */
  since: z.record(z.string(), instant),
  lastSaidMs: instant,
  /** Why it ended. */
  reason: z.optional(z.string()),
});
export type SessionSummary = z.infer<typeof sessionSummarySchema>;
