/** What a live conversation takes from its peer, and gives back when it is over. */
import type { ConversationEvent, LiveConversation } from "@parley/audio/converse";
import { Bidder } from "../arbitration/bidder.ts";
import type { Services } from "../services.ts";

/** One of the conversations that may be held at once, until it is left or `signal` aborts. @throws AudioError `engine-busy` */
export function takePlace(services: Services, signal: AbortSignal): () => void {
  const leave = services.admission.enter("talk");
  signal.addEventListener("abort", leave, { once: true });
  if (signal.aborted) leave();
  return leave;
}

/** Its seat among those that listen for a wake word; left when the conversation is over. */
export function bidderIn(
  services: Services,
  about: { readonly preference: number | undefined; readonly speak: boolean; readonly signal: AbortSignal },
): Bidder | undefined {
  const { preference = 0, speak, signal } = about;
  const seat = services.arbitration?.take();
  if (seat === undefined) return undefined;
  const bidder = new Bidder({ seat, preference, isReady: () => services.canAnswer({ speak }) });
  signal.addEventListener("abort", () => bidder.leave(), { once: true });
  if (signal.aborted) bidder.leave();
  return bidder;
}

/** `live`, read through `events`. */
export function withEvents(live: LiveConversation, events: AsyncIterable<ConversationEvent>): LiveConversation {
  return {
    events,
    get state() {
      return live.state;
    },
    press: (atMs) => live.press(atMs),
    release: (atMs) => live.release(atMs),
    strike: (atMs) => live.strike(atMs),
    cancel: () => live.cancel(),
  };
}
