/** How the stretches of speech are made out of frames: one sensitivity and a few times. */

/** Options of {@link createSpeechTracker}, all with defaults. */
export interface SpeechOptions {
  /** How little it takes to be speech: 0 only the clearest voice, 1 almost any sound. Default 0.5. */
  readonly sensitivity?: number;
  /** Silence that ends a stretch. Default 500. */
  readonly silenceTimeoutMs?: number;
  /** Voice that it takes to begin one; a click has less, the shortest words have more. Default 250. */
  readonly minSpeechMs?: number;
  /** A longer stretch is cut at its least probable place. Default 20,000. */
  readonly maxSpeechMs?: number;
  /** Taken along before the voice: recognisers miss first sounds that are cut close. Default 250. */
  readonly leadMs?: number;
  /** Taken along behind the voice, as far as it was heard. Default 200. */
  readonly tailMs?: number;
}

/** The options with nothing left open. */
export interface SpeechLimits {
  /** A frame of at least this probability is voice. */
  readonly onProbability: number;
  /** Voice goes on until a frame is less probable than this. */
  readonly offProbability: number;
  readonly silenceTimeoutMs: number;
  readonly minSpeechMs: number;
  readonly maxSpeechMs: number;
  readonly leadMs: number;
  readonly tailMs: number;
}

/** Between the two thresholds a voice that began goes on and none begins; the width is that of Silero's authors. */
const HYSTERESIS = 0.15;
const LEAST_PROBABILITY = 0.02;

/**
 * The two thresholds for a sensitivity: at 0.5 a voice begins at probability 0.5, at 0 and 1 just inside of what a
 * detector can say, so that neither setting is deaf or always on.
 * @throws RangeError when `sensitivity` is not from 0 to 1.
 */
export function thresholdsFor(sensitivity: number): {
  readonly onProbability: number;
  readonly offProbability: number;
} {
  if (!(sensitivity >= 0 && sensitivity <= 1)) {
    throw new RangeError(`sensitivity must be from 0 to 1, not ${sensitivity}`);
  }
  const onProbability = 0.95 - 0.9 * sensitivity;
  return { onProbability, offProbability: Math.max(LEAST_PROBABILITY, onProbability - HYSTERESIS) };
}

/** @throws RangeError when an option makes no sense. */
export function speechLimits(options: SpeechOptions = {}): SpeechLimits {
  const { sensitivity = 0.5, silenceTimeoutMs = 500, minSpeechMs = 250 } = options;
  const { maxSpeechMs = 20_000, leadMs = 250, tailMs = 200 } = options;
  const times = { silenceTimeoutMs, minSpeechMs, maxSpeechMs, leadMs, tailMs };
  for (const [name, value] of Object.entries(times)) {
    if (!(Number.isFinite(value) && value >= 0)) throw new RangeError(`${name} must be at least 0, not ${value}`);
  }
  // A stretch is cut in its second half, where enough voice has been heard to call it one.
  if (maxSpeechMs < Math.max(1000, 3 * minSpeechMs)) {
    throw new RangeError("maxSpeechMs must be at least 1000 and three times minSpeechMs");
  }
  return { ...thresholdsFor(sensitivity), ...times };
}
