/** What the remoting of a host is made of. */
import type { ActorLog, Clock, RandomSource } from "../core/ports.ts";
import { ActorError } from "../errors.ts";
import type { PhiAccrualOptions } from "./phi-accrual.ts";
import type { ActorTransport } from "./transport.ts";

/** Bounds and paces, per peer. */
export interface RemotingLimits {
  /** Largest frame, beside the transport's own bound. Default 16 MiB. */
  readonly maxFrameBytes: number;
  /** Frames that wait in one lane; more are refused with `mailbox-full`. Default 8,192. */
  readonly maxQueuedFrames: number;
  /** The same in bytes. One frame alone may pass it. Default 16 MiB. */
  readonly maxQueuedBytes: number;
  /** Offers that are not answered; more are refused with `mailbox-full`. Default 1,024. */
  readonly maxOutboxMessages: number;
  /** The same in bytes. Default 16 MiB. */
  readonly maxOutboxBytes: number;
  /** How long `offer` waits where its caller does not say. Default 5,000. */
  readonly offerTimeoutMs: number;
  /** An acknowledged message on which its receiver crashes is given to it again so many times. Default 2. */
  readonly redeliveries: number;
  /** Actors here that one peer may watch. Default 65,536. */
  readonly maxWatched: number;
  /** Until a peer that was dialled has answered. Default 900. */
  readonly connectTimeoutMs: number;
  /** After a failed dial messages are refused at once for so long, doubled each time … Default 50. */
  readonly minRetryPauseMs: number;
  /** … up to this. Default 2,000. */
  readonly maxRetryPauseMs: number;
  /** Hosts that are known at once. Default 1,024. */
  readonly maxPeers: number;
}

export const DEFAULT_REMOTING_LIMITS: RemotingLimits = {
  maxFrameBytes: 16 * 1024 * 1024,
  maxQueuedFrames: 8_192,
  maxQueuedBytes: 16 * 1024 * 1024,
  maxOutboxMessages: 1_024,
  maxOutboxBytes: 16 * 1024 * 1024,
  offerTimeoutMs: 5_000,
  redeliveries: 2,
  maxWatched: 65_536,
  connectTimeoutMs: 900,
  minRetryPauseMs: 50,
  maxRetryPauseMs: 2_000,
  maxPeers: 1_024,
};

/** A peer has come, or is gone. */
export interface PeerChange {
  readonly peer: string;
  /** One life of that host. */
  readonly incarnation: string;
  readonly state: "up" | "down";
  /** Why it is down. */
  readonly error?: ActorError | undefined;
}

export interface RemotingOptions {
  readonly transport: ActorTransport;
  /** Default: the machine's. Must be the system's. */
  readonly clock?: Clock;
  /** Default `Math.random`. The host's incarnation is drawn from it: two lives must not draw the same. */
  readonly random?: RandomSource;
  /** Default: silent. */
  readonly log?: ActorLog;
  readonly failureDetector?: Partial<PhiAccrualOptions>;
  readonly limits?: Partial<RemotingLimits>;
  /** Whether to talk with a host at all. Default: with every one. */
  readonly allows?: (peer: string) => boolean;
  /** Hears of every change, in order. What it throws is logged. */
  readonly onPeerChange?: (change: PeerChange) => void;
}

/** @throws ActorError `bad-option` */
export function remotingLimits(limits: Partial<RemotingLimits> | undefined, transportBytes: number): RemotingLimits {
  const whole = { ...DEFAULT_REMOTING_LIMITS, ...limits };
  for (const [name, value] of Object.entries(whole)) {
    if (Number.isFinite(value) && (value > 0 || (name === "redeliveries" && value === 0))) continue;
    throw new ActorError("bad-option", `remoting cannot work with ${name} = ${String(value)}`);
  }
  return { ...whole, maxFrameBytes: Math.min(whole.maxFrameBytes, transportBytes) };
}
