/** Entities as their behaviour and those who write to them see them. */
import { isActorName } from "../core/address.ts";
import type { Behavior } from "../core/behavior.ts";
import type { ActorRef, AskOptions, WaitOptions } from "../core/ref.ts";
import type { ActorError } from "../errors.ts";
import type { Stamp } from "./fence.ts";
import { askBeyond } from "./refusal.ts";
import type { Handled, RegionMessage } from "./region-protocol.ts";

/** An entity in one stay on a host. */
export interface EntityStay {
  readonly id: string;
  readonly shard: number;
  readonly epoch: number;
  /**
   * For all that it does. To be shown at a sink before anything is read there.
   * @throws ActorError `stale-epoch` once this host knows that the shard is somebody else's
   */
  stamp(): Stamp;
  /**
   * Puts it to sleep once it has finished with the message at hand, for which it has as long as it has to stop; the next message
   * wakes it.
   */
  passivate(): void;
}

export type EntityBehavior<Message> = (stay: EntityStay) => Behavior<Message>;

/** A typed handle on one entity, wherever it lives now. */
export interface EntityRef<Message> {
  readonly id: string;
  /**
   * Sends, at most once; in the order of sending per region and entity while nobody crashes. Returns why the region here refused it, when it did
   * at once; what is refused later goes to the log.
   */
  tell(message: Message): ActorError | undefined;
  /**
   * Sends, and waits until the entity's handler has finished. Sent again when an owner was lost on the way, with duplicates
   * filtered by each owner while it lives: handlers are idempotent by an id of the message beyond that. Rejects with
   * ActorError `ask-timeout`, `mailbox-full`, `actor-failed`, and as `ActorRef.offer` does.
   */
  offer(message: Message, options?: WaitOptions): Promise<void>;
  /** Asks, at most once; rejects as `ActorRef.ask` does. */
  ask<Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions): Promise<Reply>;
}

export function entityRef<Message>(region: ActorRef<RegionMessage<Message>>, id: string): EntityRef<Message> {
  const type = "send" as const;
  return {
    id,
    tell: (message) => region.tell({ type, entity: id, message, isAcknowledged: false }),
    offer: async (message, options) => {
      const { timeoutMs } = options ?? {};
      await askBeyond<RegionMessage<Message>, Handled>(
        region,
        (outcomeTo) => ({ type, entity: id, message, timeoutMs, isAcknowledged: true, outcomeTo }),
        options,
      );
    },
    ask: <Reply>(make: (replyTo: ActorRef<Reply>) => Message, options?: AskOptions) => {
      const { timeoutMs } = options ?? {};
      return askBeyond<RegionMessage<Message>, Reply>(
        region,
        (replyTo) => ({
          type,
          entity: id,
          message: make(replyTo),
          timeoutMs,
          isAcknowledged: false,
          outcomeTo: replyTo,
        }),
        options,
      );
    },
  };
}

/** It is called like its entity, where an actor may be called so: people find it by that. */
export function nameFor(entity: string): { readonly name?: string } {
  return isActorName(entity) && !entity.startsWith("$") ? { name: entity } : {};
}
