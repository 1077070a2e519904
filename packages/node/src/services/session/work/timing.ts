/** Word times and mouth shapes as they are sent. */
import type { SpeechTiming } from "@parley/audio/turn";
import type { TalkEvent } from "@parley/sdk";

type SentTiming = Pick<Extract<TalkEvent, { type: "timing" }>, "durationMs" | "words" | "visemes">;

export function timingOf({ durationMs, words, visemes }: SpeechTiming): SentTiming {
  return {
    durationMs,
    words: words.map(({ text, startMs, endMs }) => ({ text, startMs, endMs })),
    visemes: [...visemes],
  };
}
