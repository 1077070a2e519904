/** `@parley/actors`: supervised, addressable actors. */

/** References and what they say. */
export { isActorRef } from "./core/base-ref.ts";
export type {
  ActorRef,
  AskOptions,
  OfferOptions,
  SinkMessage,
  SourceMessage,
  StreamOptions,
  OfferedStreamOptions,
  StreamOpening,
  StreamRef,
  Terminated,
  TerminationReason,
  WaitOptions,
} from "./core/ref.ts";
export { formatAddress, parseAddress } from "./core/address.ts";
export type { ActorAddress } from "./core/address.ts";
/** What actors do. */
export type {
  Actor,
  ActorContext,
  Behavior,
  Handler,
  Receive,
  SpawnOptions,
  StopChildOptions,
  Timers,
} from "./core/behavior.ts";
export type { MailboxOptions, Overflow } from "./core/mailbox-options.ts";
/** The system they live in. */
export { createActorSystem } from "./core/system.ts";
export { systemClock } from "./core/system-clock.ts";
export type { ActorSnapshot, ActorSystem, ActorSystemOptions, Refusal } from "./core/system-options.ts";
export type { ActorLog, Clock, RandomSource, Timer } from "./core/ports.ts";
/** How they are looked after. */
export { DEFAULT_SUPERVISION } from "./supervision/spec.ts";
export type { BackOff, RestartPolicy, Strategy, SupervisionSpec } from "./supervision/spec.ts";
export type { LifecycleEvent, LifecycleState } from "./supervision/lifecycle-state.ts";
/** The door to other hosts. */
export type { DeliveryOutcome, RemoteDelivery, RemoteHost, Remoting } from "./core/remote.ts";
/** Other hosts. */
export { createRemoting } from "./remoting/remoting.ts";
export type { RemotingHandle } from "./remoting/remoting.ts";
export type { PeerStatus } from "./remoting/peer.ts";
export { DEFAULT_REMOTING_LIMITS } from "./remoting/options.ts";
export type { PeerChange, RemotingLimits, RemotingOptions } from "./remoting/options.ts";
export { messageKinds } from "./remoting/message-kinds.ts";
export type { MessageCheck, MessageKinds, StandardSchema } from "./remoting/message-kinds.ts";
export { DEFAULT_PHI_ACCRUAL, PhiAccrualDetector } from "./remoting/phi-accrual.ts";
export type { PhiAccrualOptions } from "./remoting/phi-accrual.ts";
/** What carries their frames. */
export { LANES } from "./remoting/transport.ts";
export type {
  AcceptConnection,
  ActorTransport,
  ConnectionReceiver,
  Lane,
  TransportConnection,
} from "./remoting/transport.ts";
/** Errors. */
export { ActorError, InvariantError, isActorError } from "./errors.ts";
export type { ActorErrorCode, ActorErrorOptions } from "./errors.ts";
/** What happened, told to whom it may concern. */
export { createEventBus } from "./bus/event-bus.ts";
export type { EventBus, EventCheck, EventKinds, Published, SubscriptionSnapshot } from "./bus/event-bus.ts";
export type { QueueOptions, QueueSnapshot } from "./bus/queue.ts";
/** Background work. */
export { jobRunner } from "./jobs/job-runner.ts";
export type { JobRunnerOptions } from "./jobs/job-runner.ts";
export { acceptsJobMessage } from "./jobs/accepts.ts";
export { DEFAULT_JOB_LIMITS } from "./jobs/job-book.ts";
export type { JobLimits } from "./jobs/job-book.ts";
export { defineJob } from "./jobs/job-types.ts";
export type {
  JobAnswer,
  JobContext,
  JobDefinition,
  JobKind,
  JobMessage,
  JobProgress,
  JobSchedule,
  JobSnapshot,
  JobsSnapshot,
  JobState,
  ScheduleSnapshot,
} from "./jobs/job-types.ts";
/** Who lives where. */
export { Fence } from "./placement/fence.ts";
export type { Stamp } from "./placement/fence.ts";
export type { EntityMemory, Leadership, LeadershipNow, Members, PlacementTable } from "./placement/ports.ts";
export { applyPlacement, emptyPlacement } from "./placement/table.ts";
export type { PlacementChange, PlacementTableState, ShardRow } from "./placement/table.ts";
export { askBeyond, isRefused } from "./placement/refusal.ts";
export type { Refused } from "./placement/refusal.ts";
export { startReceptionist } from "./placement/receptionist.ts";
export type { Listing, ReceptionistMessage, ReceptionistOptions } from "./placement/receptionist.ts";
export type { Capabilities, Capability, Service, ServiceQuery } from "./placement/registry.ts";
export { startSingleton } from "./placement/singleton.ts";
export type { SingletonOptions, SingletonSend, SingletonTerm } from "./placement/singleton.ts";
export { startSharding } from "./placement/sharding.ts";
export type { Sharding, ShardingOptions } from "./placement/sharding.ts";
export type { EntityBehavior, EntityRef, EntityStay } from "./placement/entity.ts";
export { shardOf } from "./placement/shards.ts";
