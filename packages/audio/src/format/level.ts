/** How loud a block is. */

/** Quietest level reported, in dBFS: below the noise of 16-bit audio, and a number a log can hold where silence is -Infinity. */
export const SILENCE_DBFS = -120;

/** Levels relative to full scale (amplitude 1), in decibels, from {@link SILENCE_DBFS} to about 0. */
export interface Level {
  /** Root mean square; a full-scale sine is -3.01 dBFS. */
  readonly rmsDbfs: number;
  /** Largest magnitude. */
  readonly peakDbfs: number;
}

/** The level of `samples`; an empty block is silent. */
export function level(samples: Float32Array): Level {
  let sumOfSquares = 0;
  let peak = 0;
  for (const sample of samples) {
    sumOfSquares += sample * sample;
    const magnitude = Math.abs(sample);
    if (magnitude > peak) peak = magnitude;
  }
  const rms = samples.length === 0 ? 0 : Math.sqrt(sumOfSquares / samples.length);
  return { rmsDbfs: toDbfs(rms), peakDbfs: toDbfs(peak) };
}

function toDbfs(amplitude: number): number {
  return amplitude <= 0 ? SILENCE_DBFS : Math.max(SILENCE_DBFS, 20 * Math.log10(amplitude));
}
