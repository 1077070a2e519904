/** What a stream of speech may be. */
import { AudioError } from "../../errors.ts";
import { SPEECH_RATE_HZ } from "../../format/pcm.ts";
import { LONGEST_HOT_WORD_CHARS, LONGEST_STREAM_MS, MOST_HOT_WORDS } from "../contracts.ts";

const MOST_SAMPLES = (LONGEST_STREAM_MS * SPEECH_RATE_HZ) / 1000;

/** @throws AudioError `audio-too-long` when a stream of so many samples would be. */
export function refuseTooLong(samples: number): void {
  if (samples <= MOST_SAMPLES) return;
  const seconds = LONGEST_STREAM_MS / 1000;
  throw new AudioError("audio-too-long", `one stretch of speech is longer than ${seconds} s`, {
    nextStep: "End the stream at a pause, and go on with another.",
  });
}

/** @throws AudioError `input-refused` for too many hot words, or one that is too long or none. */
export function refuseHotWords(hotWords: readonly string[] | undefined): void {
  if (hotWords === undefined) return;
  const bad = hotWords.find((word) => word.trim() === "" || word.length > LONGEST_HOT_WORD_CHARS);
  if (hotWords.length <= MOST_HOT_WORDS && bad === undefined) return;
  throw new AudioError("input-refused", "these hot words cannot be used", {
    nextStep: `Give at most ${MOST_HOT_WORDS} of them, each of 1 to ${LONGEST_HOT_WORD_CHARS} characters.`,
  });
}

/** The error of whatever is asked of a stream that was cancelled, or has ended. */
export function streamOver(what: string): AudioError {
  return new AudioError("job-cancelled", `the stream of speech ${what}`, { nextStep: "Start another stream." });
}
