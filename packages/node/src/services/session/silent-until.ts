/** A microphone whose beginning was heard before. */
import { SPEECH_RATE_HZ } from "@parley/audio";

/** `microphone` with silence in place of its first `ms`, so that all places in it stay what they are. */
export async function* silentUntil(
  microphone: AsyncIterable<Float32Array>,
  ms: number,
): AsyncGenerator<Float32Array, void, undefined> {
  let left = Math.round((ms * SPEECH_RATE_HZ) / 1000);
  for await (const samples of microphone) {
    if (left <= 0) {
      yield samples;
      continue;
    }
    const rest = samples.slice();
    rest.fill(0, 0, Math.min(left, rest.length));
    left -= rest.length;
    yield rest;
  }
}

/** Takes in what nobody is to hear, so that it holds nothing up. */
export async function unheard(audio: AsyncIterable<Float32Array>): Promise<void> {
  try {
    for await (const samples of audio) if (samples.length === 0) continue;
  } catch {
    // Its sender is told by whoever ends the work.
  }
}
