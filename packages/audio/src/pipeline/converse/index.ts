// A live conversation.
export { converse } from "./converse.ts";
export type { ConverseOptions, LiveConversation, ResumedTurn } from "./converse.ts";
export type {
  Asked,
  ConversationClock,
  ConversationEvent,
  ConversationParts,
  ReplyPlayback,
  TurnRecord,
  Verdict,
  WakeHeard,
} from "./contracts.ts";
// Our own voice out of the microphone.
export { createEchoCanceller, createEchoPath, ECHO_DELAY_SAMPLES, ECHO_FRAME_SAMPLES } from "../echo/index.ts";
export type { CleanFrame, EchoCanceller, EchoPath } from "../echo/index.ts";
