/** What an asked turn waits for, and how long its answer was waited for. */
import type { TurnTimings } from "@parley/audio/pipeline";

/** What is asked and not spoken is certain at once. */
export const CERTAIN = Promise.resolve();

/** From the end of what was asked to the first sound of the answer. */
export function waitOf({ inputEndMs = 0, firstAudioMs }: TurnTimings): number | undefined {
  return firstAudioMs === undefined ? undefined : firstAudioMs - inputEndMs;
}
