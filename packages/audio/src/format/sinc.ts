/** Windowed sinc filters for reading a stream between its samples (J. O. Smith, "Digital Audio Resampling"; Kaiser window). */

/** Kaiser's beta for 90 dB. */
const KAISER_BETA = 8.96;

/**
 * `phases` + 1 filters of 2 x half taps; filter p is for positions p / phases behind a sample. Each has a gain of 1 at
 * 0 Hz; `cutoff` is a fraction of half the input rate.
 */
export function sincFilters(phases: number, half: number, cutoff: number): readonly Float32Array[] {
  const norm = besselI0(KAISER_BETA);
  return Array.from({ length: phases + 1 }, (_, phase) => {
    const taps = Array.from({ length: 2 * half }, (_, tap) => {
      const distance = tap - half + 1 - phase / phases;
      const edge = distance / half;
      if (Math.abs(edge) >= 1) return 0;
      const angle = Math.PI * cutoff * distance;
      return (angle === 0 ? 1 : Math.sin(angle) / angle) * (besselI0(KAISER_BETA * Math.sqrt(1 - edge * edge)) / norm);
    });
    const gain = taps.reduce((sum, tap) => sum + tap, 0);
    return Float32Array.from(taps, (tap) => tap / gain);
  });
}

/** Modified Bessel function of the first kind, order 0, by its power series. */
function besselI0(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; term > sum * 1e-12; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}
