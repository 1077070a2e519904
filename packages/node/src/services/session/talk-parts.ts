/** What a live conversation takes from its peer, and gives back when it is over. */
import type { ConversationEvent, LiveConversation } from "@parley/audio/converse";
import type { Pcm } from "@parley/audio";
import type { ReplyPlayback } from "@parley/audio/converse";
import { strictest } from "../../routing/index.ts";
import type { SayOptions } from "../voice/voice-service.ts";
import { Announcer } from "./announcer.ts";
import type { TalkOptions } from "./options.ts";
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

/** Says in it what nobody asked for, as it says its answers. */
export function announcerOf(
  services: Services,
  playback: ReplyPlayback,
  { voice, language, speed, privacy, signal }: TalkOptions,
  onFailure: (error: unknown) => void,
): Announcer {
  return new Announcer({
    playback,
    speak: (text, unwanted, asked) =>
      soundOf(services, text, { voice, language, speed, privacy: strictest(privacy, asked), signal: unwanted }),
    signal,
    onFailure,
  });
}

async function* soundOf(services: Services, text: string, how: SayOptions): AsyncGenerator<Pcm> {
  for await (const event of services.say(text, how)) if (event.type === "audio") yield event.pcm;
}

/** `live`, read through `events`. Keys of what was heard before, up to `heardMs` of its sound, are not struck again. */
export function withEvents(
  live: LiveConversation,
  events: AsyncIterable<ConversationEvent>,
  heardMs = 0,
): LiveConversation {
  const isNew = (atMs = Infinity): boolean => heardMs <= 0 || atMs > heardMs;
  return {
    events,
    get state() {
      return live.state;
    },
    press: (atMs) => (isNew(atMs) ? live.press(atMs) : undefined),
    release: (atMs) => (isNew(atMs) ? live.release(atMs) : undefined),
    strike: (atMs) => (isNew(atMs) ? live.strike(atMs) : undefined),
    cancel: () => live.cancel(),
  };
}
