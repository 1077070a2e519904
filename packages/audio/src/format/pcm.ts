/** Linear PCM in memory: one channel of 32-bit floats in [-1, 1]. Everything between the floors speaks this. */
export interface Pcm {
  readonly sampleRateHz: number;
  readonly samples: Float32Array;
}

/** The rate every recogniser and voice-activity detector of the house takes, in Hz. */
export const SPEECH_RATE_HZ = 16_000;

/** Length of `pcm` in milliseconds. */
export function durationMs(pcm: Pcm): number {
  return (pcm.samples.length / pcm.sampleRateHz) * 1000;
}
