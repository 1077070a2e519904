/** `@parley/sdk`: what a client of a Parley peer needs, in browsers and Node. */

/** The client. */
export { connect, ParleyClient } from "./client/client.ts";
export type { ClientEvents, OpenQuery } from "./client/events.ts";
export type { SideEvent } from "./client/house-news.ts";
export type { Unsubscribe } from "./client/emitter.ts";
/** How it connects. */
export type { ConnectOptions, Discover, KeepOptions } from "./client/link/options.ts";
export type { OpenSocket, SocketLike } from "./client/link/socket.ts";
/** What is asked of a peer. */
export { INPUT_RATE_HZ } from "./client/work/course.ts";
export type { CapturedSound } from "./client/work/audio-log.ts";
export type { AudioInput, TalkInput } from "./client/work/upload.ts";
export type {
  AskOptions,
  HearingOptions,
  ListenOptions,
  SayOptions,
  VoiceOptions,
  WorkOptions,
} from "./client/options.ts";
export type { ConnectionEvent, ConversationEvent, TalkOptions, TalkSession } from "./client/work/talk.ts";
export type { Speaker } from "./client/work/playing.ts";
/** Messages between clients. */
export { MessageRefused } from "./client/mail/mail.ts";
export type * from "./client/mail/mail.ts";
export type { CommandHandler, QueryHandler } from "./client/mail/inbox.ts";
export type { QueryOptions } from "./client/postbox.ts";
/** Errors. */
export { ParleyError } from "./errors.ts";
export type { ParleyErrorCode, ParleyErrorOptions } from "./errors.ts";
/** The protocol, for peers and for other clients. */
export * from "./protocol/audio-frame.ts";
export * from "./protocol/delivery.ts";
export * from "./protocol/envelope.ts";
export * from "./protocol/error-codes.ts";
export { encryptedMessageSchema } from "./protocol/exchange.ts";
export * from "./protocol/hearing.ts";
export * from "./protocol/limits.ts";
export * from "./protocol/opus-frame.ts";
export * from "./protocol/privacy.ts";
export * from "./protocol/query.ts";
export { continuedSchema, MAX_SO_FAR_CHARS } from "./protocol/resume.ts";
export type { Continued, CutAnswer, SoFar } from "./protocol/resume.ts";
export { ACKNOWLEDGES, PASSING, SESSION_MOVED, SIGNS, sessionStates, STAYS } from "./protocol/session.ts";
export type { SessionState } from "./protocol/session.ts";
export type { WireFailure } from "./protocol/shapes.ts";
export * from "./protocol/talk.ts";
export * from "./protocol/timing.ts";
export * from "./protocol/work.ts";
