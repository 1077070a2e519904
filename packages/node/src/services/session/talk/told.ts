/** What a client is told of a conversation. */
import type { ConversationEvent } from "@parley/audio/converse";
import type { TalkEvent } from "@parley/sdk";
import { failureOf } from "../../stage.ts";
import { timingOf } from "../work/timing.ts";

/** The event as it is sent; undefined for what a client learns otherwise. */
export function toldOf(event: ConversationEvent): TalkEvent | undefined {
  switch (event.type) {
    case "ducked":
    case "restored":
      // The loudspeaker was told how.
      return undefined;
    case "speech-start":
      return undefined;
    case "timing":
      return { type: "timing", turn: event.turn, index: event.index, ...timingOf(event.timing) };
    case "question":
      return {
        type: "question",
        turn: event.turn,
        text: event.text,
        ...(event.id === undefined ? {} : { id: event.id }),
      };
    case "problem":
      return { ...event, error: failureOf(event.error) };
    case "turn": {
      const { firstAudioMs, ...record } = event;
      return firstAudioMs === undefined ? record : { ...record, firstAudioMs };
    }
    default:
      return event;
  }
}
