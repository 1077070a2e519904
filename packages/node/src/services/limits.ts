/** The longest audio that is taken in. */
import { AudioError, SPEECH_RATE_HZ } from "@parley/audio";

/**
 * Passes audio at `SPEECH_RATE_HZ` through until there is more of it than `maxMs`.
 * @throws AudioError `audio-too-long`, naming `setting` as what allows more.
 */
export async function* bounded(
  audio: AsyncIterable<Float32Array>,
  maxMs: number,
  setting: string,
): AsyncGenerator<Float32Array> {
  const maxSamples = (maxMs / 1000) * SPEECH_RATE_HZ;
  let samples = 0;
  for await (const chunk of audio) {
    samples += chunk.length;
    if (samples > maxSamples) {
      throw new AudioError("audio-too-long", `the audio is longer than ${spell(maxMs)}`, {
        nextStep: `Send a shorter piece, or raise ${setting} in the configuration.`,
        details: { maxMs },
      });
    }
    yield chunk;
  }
}

function spell(ms: number): string {
  return ms < 600_000 ? `${ms / 1000} s` : `${ms / 60_000} minutes`;
}
