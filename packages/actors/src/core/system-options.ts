/** An actor system as its owner sees it. */
import type { ActorError } from "../errors.ts";
import type { RestartPolicy, SupervisionSpec } from "../supervision/spec.ts";
import type { LifecycleState } from "../supervision/lifecycle-state.ts";
import type { Behavior, SpawnOptions } from "./behavior.ts";
import type { ActorLog, Clock, RandomSource } from "./ports.ts";
import type { ActorRef, OfferedStreamOptions, StreamOptions, StreamRef, Terminated } from "./ref.ts";
import type { Remoting } from "./remote.ts";

export interface ActorSystemOptions {
  /** This host's name in addresses: letters, digits, `.`, `_`, `-`. */
  readonly peer: string;
  /** Default: the system's clock. */
  readonly clock?: Clock;
  /** Default `Math.random`. Incarnations are drawn from it: two lives of one host must not draw the same. */
  readonly random?: RandomSource;
  /** Default: silent. */
  readonly log?: ActorLog;
  /** How the root looks after what the owner spawns. When it gives up, the system stops. */
  readonly supervision?: Partial<SupervisionSpec>;
  /** Default 5,000. */
  readonly askTimeoutMs?: number;
  /** Default 5,000. */
  readonly stopTimeoutMs?: number;
  /** Default 30,000. */
  readonly streamIdleTimeoutMs?: number;
  /** Default: none; addresses of other hosts are answered with `peer-gone`. */
  readonly remoting?: Remoting;
  /** Hears of every message that was refused after its sender had gone on. What it throws is logged. */
  readonly onRefused?: (refusal: Refusal) => void;
}

/** A message that reached nobody. */
export interface Refusal {
  readonly address: string;
  readonly message: unknown;
  readonly error: ActorError;
}

/** An actor as it stands now, with its children in the order of their start. */
export interface ActorSnapshot {
  readonly path: string;
  readonly state: LifecycleState;
  readonly restart: RestartPolicy;
  /** Since it was spawned. */
  readonly restarts: number;
  /** Messages that wait, those set aside not counted. */
  readonly mailboxDepth: number;
  /** Of the ordinary lane. */
  readonly mailboxCapacity: number;
  /** Calls of `offer` that wait outside for room. */
  readonly offersWaiting: number;
  readonly stashed: number;
  readonly lastError: unknown;
  readonly children: readonly ActorSnapshot[];
}

export interface ActorSystem {
  readonly peer: string;
  readonly clock: Clock;
  readonly random: RandomSource;
  readonly log: ActorLog;
  /** @throws ActorError `name-taken`, `bad-option`, `system-stopped` */
  spawn<Message>(behavior: Behavior<Message>, options?: SpawnOptions<Message>): ActorRef<Message>;
  /** A reference for an address, wherever it leads; whether somebody lives there shows when it is used. @throws ActorError `bad-address` */
  resolve<Message>(address: string): ActorRef<Message>;
  /** Stops an actor that {@link spawn} started; fulfilled when it has ended. */
  stopActor(ref: ActorRef<never>): Promise<void>;
  /** Calls `ended` once when `ref` ends, or soon when it has; gives back how to stop watching. */
  watch(ref: ActorRef<never>, ended: (terminated: Terminated) => void): () => void;
  /** As in `ActorContext`; ends with the system. @throws ActorError `bad-option`, `system-stopped` */
  offerStream<Item>(items: AsyncIterable<Item> | Iterable<Item>, options?: OfferedStreamOptions<Item>): StreamRef<Item>;
  readStream<Item>(stream: StreamRef<Item>, options?: StreamOptions): AsyncIterable<Item>;
  /** The whole tree. */
  inspect(): readonly ActorSnapshot[];
  /**
   * Stops all actors, children first, and all timers; then leaves the other hosts, and closes the transport that its remoting
   * was given. May be called twice. Default timeout, of the actors: `stopTimeoutMs`. @throws ActorError `bad-option`
   */
  stop(options?: { readonly timeoutMs?: number }): Promise<void>;
  /** Fulfilled when the system has stopped and left; with the error when it gave up by itself. */
  readonly stopped: Promise<ActorError | undefined>;
}
