/** Gossip: small messages that every member hears sooner or later, or not at all. Only members speak and are heard. */
import { type GossipSub, type Message, TopicValidatorResult } from "@libp2p/gossipsub";
import type { StandingOf } from "./standing.ts";

/** Messages are small: they are kept and sent on by everyone. */
export const MAX_GOSSIP_BYTES = 32 * 1024;

export interface TopicListener {
  /** Whether these bytes may be heard and passed on. Must not throw. */
  readonly accepts: (bytes: Uint8Array, from: string) => boolean;
  /** A message of the member `from`, who signed it. */
  readonly receive: (bytes: Uint8Array, from: string) => void;
}

export interface Topics {
  /** Hears a topic, one of those the host was made with; one listener each. The result ends that. */
  subscribe(topic: string, listener: TopicListener): () => void;
  /** Says something to all who listen, as far as they can be reached now. @throws RangeError when it is too long. */
  publish(topic: string, bytes: Uint8Array): Promise<void>;
}

export function topicsOver(gossip: GossipSub, standingOf: StandingOf): Topics & { close(): void } {
  const listeners = new Map<string, TopicListener>();
  const heard = (event: CustomEvent<Message>): void => {
    const message = event.detail;
    if (message.type === "signed") listeners.get(message.topic)?.receive(message.data, message.from.toString());
  };
  gossip.addEventListener("message", heard);
  return {
    subscribe(topic, listener) {
      if (listeners.has(topic)) throw new RangeError(`${topic} is listened to already`);
      listeners.set(topic, listener);
      gossip.topicValidators.set(topic, (passedOnBy, message) => {
        const isFit =
          message.type === "signed" &&
          message.data.length <= MAX_GOSSIP_BYTES &&
          standingOf(passedOnBy.toString()) === "member" &&
          standingOf(message.from.toString()) === "member" &&
          listener.accepts(message.data, message.from.toString());
        return isFit ? TopicValidatorResult.Accept : TopicValidatorResult.Reject;
      });
      gossip.subscribe(topic);
      return () => {
        listeners.delete(topic);
        gossip.unsubscribe(topic);
        gossip.topicValidators.delete(topic);
      };
    },
    async publish(topic, bytes) {
      if (bytes.length > MAX_GOSSIP_BYTES) throw new RangeError(`${bytes.length} bytes are too long for gossip`);
      await gossip.publish(topic, bytes);
    },
    close: () => gossip.removeEventListener("message", heard),
  };
}
