/** Sounds put together, at stated levels. */
import { chanceOf } from "./chance.ts";

/** The root of the mean square; 0 of nothing. */
export function rms(samples: Float32Array): number {
  if (samples.length === 0) return 0;
  return Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length);
}

/** The same sound with an {@link rms} of `wanted`; silence stays silence. */
export function withRms(samples: Float32Array, wanted: number): Float32Array {
  const factor = wanted / (rms(samples) || 1);
  return samples.map((sample) => sample * factor);
}

/**
 * `speech` with `noise` at a signal-to-noise ratio of `snrDb`, as long as the speech; the noise is repeated when it is
 * shorter. The level of speech is that of its speaking parts: of those 20 ms that are within 30 dB of the loudest,
 * so that silence before and after does not change the mixture.
 */
export function mixedAt(speech: Float32Array, noise: Float32Array, snrDb: number): Float32Array {
  if (noise.length === 0) throw new RangeError("the noise is empty");
  const factor = speakingRms(speech) / (rms(noise) || 1) / 10 ** (snrDb / 20);
  return speech.map((sample, n) => sample + factor * (noise[n % noise.length] ?? 0));
}

/** {@link rms} of the parts that are within 30 dB of the loudest. */
export function speakingRms(speech: Float32Array): number {
  const levels: number[] = [];
  for (let at = 0; at < speech.length; at += 320) levels.push(rms(speech.subarray(at, at + 320)));
  const loudest = levels.reduce((most, one) => Math.max(most, one), 0);
  const speaking = levels.filter((one) => one > loudest * 10 ** (-30 / 20));
  return Math.sqrt(speaking.reduce((sum, one) => sum + one * one, 0) / (speaking.length || 1));
}

/**
 * `sound` in a room: the direct sound, and an echo of noise that fades by 60 dB in `fadeMs`, together `echoDb` below the
 * direct sound (Moorer, "About This Reverberation Business", 1979). As long as the sound.
 */
export function inRoom(sound: Float32Array, fadeMs: number, seed: number, echoDb = 6): Float32Array {
  const chance = chanceOf(seed);
  // Sparse: every eighth sample of the echo is enough for the ear, and an eighth of the work.
  const taps = Array.from({ length: Math.ceil((16 * fadeMs) / 8) }, (_, n) => {
    const at = 160 + 8 * n + Math.floor(8 * chance());
    return { at, gain: (2 * chance() - 1) * 10 ** ((-3 * at) / (16 * fadeMs)) };
  });
  const energy = taps.reduce((sum, { gain }) => sum + gain * gain, 0);
  const level = 10 ** (-echoDb / 20) / Math.sqrt(energy || 1);
  const out = Float32Array.from(sound);
  for (const { at, gain } of taps) {
    for (let n = at; n < out.length; n += 1) out[n] = (out[n] ?? 0) + level * gain * (sound[n - at] ?? 0);
  }
  return out;
}

/** One after the other. */
export function joinedSounds(parts: readonly Float32Array[]): Float32Array {
  const out = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}
