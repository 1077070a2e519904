/** `@parley/sdk`: what a client of a Parley peer needs, in browsers and Node. */

/** The client. */
export { connect, INPUT_RATE_HZ, ParleyClient } from "./client/client.ts";
export type { AskOptions, AudioInput, ListenOptions, SayOptions, TalkInput, WorkOptions } from "./client/client.ts";
export type { CapturedSound, Speaker, TalkOptions, TalkSession } from "./client/talk.ts";
export type { ConnectOptions } from "./client/socket.ts";
/** Errors. */
export { ParleyError } from "./errors.ts";
export type { ParleyErrorCode } from "./errors.ts";
/** The protocol, for peers and for other clients. */
export * from "./protocol/audio-frame.ts";
export * from "./protocol/delivery.ts";
export * from "./protocol/envelope.ts";
export * from "./protocol/error-codes.ts";
export { encryptedMessageSchema } from "./protocol/exchange.ts";
export * from "./protocol/hearing.ts";
export * from "./protocol/limits.ts";
export * from "./protocol/opus-frame.ts";
export * from "./protocol/query.ts";
export { ACKNOWLEDGES, sessionStates } from "./protocol/session.ts";
export type { SessionState } from "./protocol/session.ts";
export type { WireFailure } from "./protocol/shapes.ts";
export * from "./protocol/talk.ts";
export * from "./protocol/timing.ts";
export * from "./protocol/work.ts";
