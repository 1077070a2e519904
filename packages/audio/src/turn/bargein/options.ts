/** When somebody else's sound ducks or stops a reply. */

/** Options of {@link createBargeIn}, all with defaults. */
export interface BargeInOptions {
  /**
   * What may stop a reply. With `wake-word` a sound still ducks it, so that the word is heard; with `never` nothing is done.
   * Default `any-speech`.
   */
  readonly policy: "any-speech" | "wake-word" | "never";
  /** Length of a frame. Default 32 ms. */
  readonly frameMs: number;
  /** So far above the noise floor a sound is surely one; half of it is a doubtful one. Default 3 dB. */
  readonly soundDb: number;
  /** Sure sound that ducks; doubtful sound takes longer. Default 40 ms, two frames: a click is one. */
  readonly duckAfterMs: number;
  /**
   * Surely speech for so long stops; what is less sure takes longer, and what is not speech takes back. The one knob between
   * reacting fast and being stopped by coughs. Default 160 ms: three frames to five, the surer the fewer.
   */
  readonly stopAfterMs: number;
  /** A frame of this probability is surely speech. Default 0.95. */
  readonly sureSpeech: number;
  /** Quiet after a sound, until the reply comes back. Default 200 ms. */
  readonly quietMs: number;
  /** A sound that lasts so long without being speech is noise: the reply comes back. Default 1500 ms. */
  readonly noiseMs: number;
  /** After it came back, only what may be speech ducks again for so long: no pumping. Default 500 ms. */
  readonly refractoryMs: number;
  /** Up to this echo likelihood a frame counts in full; from there to 1 ever less. Default 0.4. */
  readonly echoUpTo: number;
  /** In so long the noise floor follows a louder room by two thirds. Default 1500 ms. */
  readonly floorRiseMs: number;
}

const DEFAULTS: BargeInOptions = {
  policy: "any-speech",
  frameMs: 32,
  soundDb: 3,
  duckAfterMs: 40,
  stopAfterMs: 160,
  sureSpeech: 0.95,
  quietMs: 200,
  noiseMs: 1500,
  refractoryMs: 500,
  echoUpTo: 0.4,
  floorRiseMs: 1500,
};

/** The options with their defaults. @throws RangeError naming the option that makes no sense. */
export function bargeInOptions(options: Partial<BargeInOptions> = {}): BargeInOptions {
  const all = { ...DEFAULTS, ...options };
  for (const name of ["frameMs", "soundDb", "duckAfterMs", "stopAfterMs", "floorRiseMs"] as const) {
    if (!(all[name] > 0 && all[name] < 60_000)) throw new RangeError(`${name} must be more than 0, not ${all[name]}`);
  }
  for (const name of ["quietMs", "noiseMs", "refractoryMs"] as const) {
    if (!(all[name] >= 0 && all[name] < 60_000)) throw new RangeError(`${name} must be at least 0, not ${all[name]}`);
  }
  if (!(all.sureSpeech > 0.5 && all.sureSpeech < 1)) throw new RangeError("sureSpeech must be between 0.5 and 1");
  if (!(all.echoUpTo >= 0 && all.echoUpTo < 1)) throw new RangeError("echoUpTo must be from 0 to below 1");
  return all;
}
