/**
 * How much of a sound is a tone of the pitch of a voice: what throats, knocks and hisses do not have, and vowels do. The largest
 * normalised correlation with itself at the lags of 70 to 500 Hz (Talkin, "A Robust Algorithm for Pitch Tracking", 1995, first
 * stage), at half the rate.
 */
import { SPEECH_RATE_HZ } from "./pcm.ts";

const RATE_HZ = SPEECH_RATE_HZ / 2;
/** Looked at in pieces so short that a gliding pitch stands still in each. */
const PIECE = 128;
const SHORTEST = RATE_HZ / 500;
const LONGEST = Math.ceil(RATE_HZ / 70);

/** Samples at `SPEECH_RATE_HZ` that {@link periodicity} wants before what is looked at. */
export const PERIODICITY_LEAD = 2 * LONGEST;

/**
 * 0 to 1: about 0.4 for noise, above 0.8 for vowels. Looked at are the `count` last of `samples`, mono at `SPEECH_RATE_HZ`, in
 * whole pieces of 16 ms, one at least, the best of which counts; what stands before them is their past, silence where there is less of it than
 * {@link PERIODICITY_LEAD}. Costs some 30,000 multiplications a piece.
 */
export function periodicity(samples: Float32Array, count: number): number {
  const pieces = Math.max(1, Math.floor(count / 2 / PIECE));
  const half = halved(samples, LONGEST + pieces * PIECE);
  let best = 0;
  for (let piece = 0; piece < pieces; piece += 1) best = Math.max(best, ofPiece(half, LONGEST + piece * PIECE));
  return best;
}

/** The last `count` samples at half the rate, behind a filter that takes off the highest. */
function halved(samples: Float32Array, count: number): Float32Array {
  const first = samples.length - 2 * count;
  return Float32Array.from({ length: count }, (_, n) => {
    const at = first + 2 * n;
    return ((samples[at - 1] ?? 0) + 2 * (samples[at] ?? 0) + (samples[at + 1] ?? 0)) / 4;
  });
}

function ofPiece(sound: Float32Array, from: number): number {
  const energy = product(sound, from, from);
  if (!(energy > 0)) return 0;
  let best = 0;
  let lagged = product(sound, from - SHORTEST, from - SHORTEST);
  for (let lag = SHORTEST; lag <= LONGEST; lag += 1) {
    if (lag > SHORTEST) {
      // One sample comes in at the beginning, one leaves at the end.
      lagged += (sound[from - lag] ?? 0) ** 2 - (sound[from - lag + PIECE] ?? 0) ** 2;
    }
    const correlation = product(sound, from, from - lag) / Math.sqrt(energy * Math.max(lagged, energy * 1e-6));
    if (correlation > best) best = correlation;
  }
  return Math.min(1, best);
}

function product(sound: Float32Array, a: number, b: number): number {
  let sum = 0;
  for (let n = 0; n < PIECE; n += 1) sum += (sound[a + n] ?? 0) * (sound[b + n] ?? 0);
  return sum;
}
