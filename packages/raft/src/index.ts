/** `@parley/raft`: the consensus core, its log, and the driver that runs both. */

/** The node. */
export { RawNode } from "./core/raw-node.ts";
export type { ProgressStatus, Ready, SoftState, Status } from "./core/raw-node.ts";
export type { ReadState, Role } from "./core/node-state.ts";
export type { RaftOptions, ReadOnlyOption } from "./core/options.ts";
/** Its words. */
export * from "./core/types.ts";
export {
  confChangeEntry,
  entersJoint,
  LEAVE_JOINT,
  leavesJoint,
  readConfChange,
  singleChangeEntry,
} from "./core/conf-change.ts";
export type { ConfChange, ConfChangeOperation, ConfChangeStep, Transition } from "./core/conf-change.ts";
/** Where it reads its log. */
export type { LogReader } from "./core/storage.ts";
export { MemoryLog } from "./storage/memory-log.ts";
/** Where it is kept: on LevelDB, or on a simulated disk. */
export { openLevelLog } from "./storage/level-log.ts";
export { openMemoryLog } from "./storage/memory-store.ts";
export { MemoryDisk } from "./storage/memory-disk.ts";
export { DurableImage } from "./storage/durable-image.ts";
export type { DiskFaults, DiskOperation } from "./storage/memory-disk.ts";
export type { LogStoreOptions } from "./storage/durable-log.ts";
export type { Migration } from "./storage/recovery.ts";
export type { LogMedia } from "./storage/media.ts";
export * from "./storage/log-store.ts";
/** Messages as bytes, for transports. */
export {
  decodeMessage,
  encodeMessage,
  encodeMessages,
  isPassedOn,
  MAX_MESSAGE_ENTRIES,
  MESSAGE_FRAME,
  messageFrameBytes,
} from "./wire/message-codec.ts";
export {
  DEFAULT_MAX_FRAME_BYTES,
  encodeFrame,
  FRAME_HEADER_BYTES,
  FrameSplitter,
  WIRE_VERSION,
} from "./wire/frames.ts";
export type { Frame } from "./wire/frames.ts";
/** The driver: a running node, and what it needs around it. */
export { startNode } from "./driver/start.ts";
export * from "./driver/node.ts";
export * from "./driver/outcome.ts";
export * from "./driver/state-machine.ts";
export * from "./driver/status.ts";
export * from "./driver/timing.ts";
export * from "./driver/transport.ts";
export * from "./driver/environment.ts";
export { systemEnvironment } from "./driver/system-environment.ts";
export { DEFAULT_LIMITS } from "./driver/options.ts";
export { ClientSession } from "./driver/client-session.ts";
export type { ClientSessionOptions, Submit } from "./driver/client-session.ts";
/** Errors. */
export { InvariantError, isRaftError, RaftError } from "./errors.ts";
export type { RaftErrorCode } from "./errors.ts";
