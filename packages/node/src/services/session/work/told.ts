/** What a client is told of its work. */
import type { ListenEvent, SpeakEvent, TurnEvent } from "@parley/audio/pipeline";
import type { WorkEvent } from "@parley/sdk";
import { timingOf } from "./timing.ts";

export type AnyEvent = TurnEvent | SpeakEvent | ListenEvent;

/** The event as it is sent; undefined for what a client learns otherwise. */
export function toldOf(event: Exclude<AnyEvent, { type: "audio" }>): WorkEvent | undefined {
  switch (event.type) {
    case "unsaid":
      return undefined;
    case "sentence":
      return {
        type: "sentence",
        index: event.index,
        text: event.text,
        from: event.from,
        to: event.from + event.spoken.written.length,
        ...(event.length === undefined ? {} : { length: event.length }),
      };
    case "timing":
      return { type: "timing", index: event.index, ...timingOf(event.timing) };
    case "segment":
      return segmentOf(event);
    default:
      return event;
  }
}

/** What the recogniser does not tell is left out. */
function segmentOf({ confidence, words, ...event }: Extract<ListenEvent, { type: "segment" }>): WorkEvent {
  const told = words?.map(({ text, startMs, endMs, confidence: sure }) => ({
    text,
    startMs,
    ...(endMs === undefined ? {} : { endMs }),
    ...(sure === undefined ? {} : { confidence: sure }),
  }));
  return {
    ...event,
    ...(confidence === undefined ? {} : { confidence }),
    ...(told === undefined ? {} : { words: told }),
  };
}
