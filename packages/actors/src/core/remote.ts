/**
 * The door between core and remoting. Core keeps the books: which asks and watches wait for which host. Remoting carries
 * messages and says which host is gone. References to other hosts implement the same interface as those to this one.
 */
import type { ActorError } from "../errors.ts";
import type { ActorAddress } from "./address.ts";
import type { ActorRef, OfferOptions, TerminationReason } from "./ref.ts";

/** What remoting does for core. `to.peer` is always another host. Nothing here throws. */
export interface RemoteDelivery {
  /**
   * Sends, at most once, in order per receiver. Returns why not, when that is known at once: `peer-gone`, `too-large`,
   * `bad-message`, `mailbox-full` when the queue to that host is full.
   * @param replyTo address of the reply the message carries; a refusal by the other host names it, see {@link RemoteHost.refused}
   */
  tell(to: ActorAddress, message: unknown, replyTo: string | undefined): ActorError | undefined;
  /** As `ActorRef.offer`; rejects with ActorErrors only. */
  offer(to: ActorAddress, message: unknown, options: OfferOptions): Promise<void>;
  /**
   * Asks `to.peer` to tell of the end of `to`; once per address, until {@link RemoteHost.terminated} or {@link unwatch}. The
   * answer must not overtake messages that came from there before: streams rely on it.
   */
  watch(to: ActorAddress): void;
  unwatch(to: ActorAddress): void;
  /** The system has stopped: other hosts are told that this one has left. */
  close(): Promise<void>;
}

/** What becomes of a message that came from another host. At most one of both is called, at most once. */
export interface DeliveryOutcome {
  /** The receiver's handler finished. */
  readonly done?: () => void;
  /** It was refused, the receiver crashed on it, or it stopped before. */
  readonly failed?: (error: ActorError) => void;
}

/** What core does for remoting. */
export interface RemoteHost {
  /** The name of this host. */
  readonly peer: string;
  /** A reference for an address that came in: local for this host's, remote for others. @throws ActorError `bad-address` */
  resolve(address: string): ActorRef<never>;
  /** Gives a message of the host `from` to the actor here; its `accepts` has looked at it. `failed` may be called before this returns. */
  deliver(to: ActorAddress, message: unknown, from: string, outcome?: DeliveryOutcome): void;
  /** As {@link deliver}, but waits for room where the mailbox has back-pressure. Rejects with ActorErrors. */
  offer(to: ActorAddress, message: unknown, from: string, options: OfferOptions): Promise<void>;
  /** Another host wants to know of the end of an actor here; `ended` is called once, maybe before this returns. */
  watch(to: ActorAddress, ended: (reason: TerminationReason, error: ActorError | undefined) => void): () => void;
  /** An actor elsewhere that was watched has ended. @throws ActorError `bad-address` */
  terminated(address: string, reason: TerminationReason, error: ActorError | undefined): void;
  /**
   * Another host refused a message; `replyTo` as it was sent. Without one, the system's `onRefused` hears of it.
   * @param to undefined when it could not send its answer: nobody but who waits for that is told
   * @throws ActorError `bad-address`
   */
  refused(to: string | undefined, replyTo: string | undefined, error: ActorError): void;
  /** A host is gone: its asks fail now, and whoever watched an actor there is told. */
  peerGone(peer: string, error: ActorError): void;
  /** What is watched on that host, for a connection that is made anew. */
  watched(peer: string): readonly ActorAddress[];
}

/** Makes remoting for one system. Called once, when the system starts. */
export type Remoting = (host: RemoteHost) => RemoteDelivery;
