// A live conversation.
export { converse } from "./converse.ts";
export type { ConverseOptions, LiveConversation } from "./converse.ts";
export type {
  Asked,
  ConversationClock,
  ConversationEvent,
  ConversationParts,
  ReplyPlayback,
  TurnRecord,
  WakeHeard,
} from "./contracts.ts";
