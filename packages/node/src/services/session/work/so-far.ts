/** What a client has of an answer that was cut elsewhere, as the pipeline takes it. */
import type { SpokenSoFar } from "@parley/audio/pipeline";
import type { SoFar } from "@parley/sdk";

/** Undefined where it has nothing. */
export function spokenSoFar(has: SoFar | undefined): SpokenSoFar | undefined {
  if (has === undefined) return undefined;
  const { text, spoken, index, heardMs, length } = has;
  // Nobody has heard what was not written yet.
  return { text, spoken: Math.min(spoken, text.length), index, heardMs, isWhole: length === text.length };
}
