/** Where a stretch that has become too long is best cut. */

/** Frames looked at together: a cut needs a breath, not a single doubtful frame in the middle of a vowel. */
const WIDTH = 3;

/**
 * Index from `from` on of the middle of the three frames that together are least probable; of several the last, so that
 * what was spoken before stays whole. `from` when there are too few.
 */
export function leastProbable(frames: readonly { readonly probability: number }[], from: number): number {
  let best = from;
  let least = Infinity;
  for (let first = from; first + WIDTH <= frames.length; first += 1) {
    const sum = frames.slice(first, first + WIDTH).reduce((total, { probability }) => total + probability, 0);
    if (sum > least) continue;
    least = sum;
    best = first + 1;
  }
  return best;
}
