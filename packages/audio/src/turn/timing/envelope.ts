/** How loud speech is from moment to moment: all that word times need of its sound. */

/** Levels of frames of {@link FRAME_MS}, in dB relative to full scale, the quietest at {@link QUIETEST_DB}. */
export type Envelope = readonly number[];

export const FRAME_MS = 10;
export const QUIETEST_DB = -120;

/** Takes the sound of one chunk piece by piece. */
export interface EnvelopeMeter {
  push(samples: Float32Array): void;
  /** The levels of all that was pushed; a last, shorter frame counts as one. */
  levels(): Envelope;
}

/**
 * A meter for mono sound.
 * @throws RangeError when the rate is below 1000 Hz or no finite number
 */
export function createEnvelopeMeter(sampleRateHz: number): EnvelopeMeter {
  if (!Number.isFinite(sampleRateHz) || sampleRateHz < 1000) throw new RangeError("sampleRateHz must be at least 1000");
  const frameSamples = Math.round((sampleRateHz * FRAME_MS) / 1000);
  const levels: number[] = [];
  let sum = 0;
  let count = 0;
  return {
    push(samples) {
      for (const sample of samples) {
        sum += sample * sample;
        count += 1;
        if (count < frameSamples) continue;
        levels.push(decibels(sum / count));
        sum = 0;
        count = 0;
      }
    },
    levels: () => (count === 0 ? [...levels] : [...levels, decibels(sum / count)]),
  };
}

function decibels(power: number): number {
  return power > 0 ? Math.max(QUIETEST_DB, 10 * Math.log10(power)) : QUIETEST_DB;
}

/** A stretch of sound between pauses, in milliseconds. */
export interface Stretch {
  readonly startMs: number;
  readonly endMs: number;
}

/** This much below the loud parts of a chunk is silence: breath and the tails of consonants lie above. */
const SILENCE_BELOW_LOUD_DB = 38;
/** Shorter silences are the closures of p, t and k. */
const SHORTEST_PAUSE_MS = 90;

/** The stretches of sound in `levels`, within `durationMs`; none when all is silent. */
export function stretches(levels: Envelope, durationMs: number): readonly Stretch[] {
  const loud = levels.toSorted((a, b) => b - a)[Math.floor(levels.length / 20)] ?? QUIETEST_DB;
  const threshold = Math.max(loud - SILENCE_BELOW_LOUD_DB, QUIETEST_DB + 1);
  const found: Stretch[] = [];
  for (const [index, levelDb] of levels.entries()) {
    if (levelDb < threshold) continue;
    const [startMs, endMs] = [index * FRAME_MS, Math.min(durationMs, (index + 1) * FRAME_MS)];
    if (startMs >= endMs) break;
    const last = found.at(-1);
    if (last !== undefined && startMs - last.endMs < SHORTEST_PAUSE_MS) {
      found[found.length - 1] = { startMs: last.startMs, endMs };
    } else {
      found.push({ startMs, endMs });
    }
  }
  return found;
}
