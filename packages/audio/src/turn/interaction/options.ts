/** How a conversation is held: who may begin and interrupt, and how long everything may take. */

/** Options of the interaction machine. All have defaults; all times in milliseconds. */
export interface InteractionOptions {
  /** `wake`: a wake word or a key begins. `open`: whatever is said begins a turn. Default `wake`. */
  readonly mode: "wake" | "open";
  /** What interrupts a reply, or joins a turn that is being worked on. Keys and `cancel` always do. Default `any-speech`. */
  readonly interruptions: "any-speech" | "wake-word" | "never";
  /** How the end is found, except for a held key. `window` listens for {@link windowMs} and no longer. Default `endpoint`. */
  readonly capture: "endpoint" | "window";
  /** From this score on (0..1) a turn that may have ended is thought about before its end is certain. Default 0.6. */
  readonly thinkEarlyFrom: number;
  /** Longest wait for the other hosts, after which this one answers: rather two than none. Default 1000. */
  readonly arbitrationMs: number;
  /** Ears open and nothing is said. Default 5000. */
  readonly noSpeechMs: number;
  /** After a reply, more may be said without a wake word for so long; 0 for never. Default 6000. */
  readonly followUpMs: number;
  /**
   * Who speaks before so much of a reply was heard cannot have reacted to it: they were going on, and the reply is taken
   * back. To hear something and to begin to answer it takes people more than 600 ms (Levinson and Torreira, Timing in
   * turn-taking, Frontiers in Psychology 6, 2015). A reply that is only written stays open to more for as long, and as it takes to
   * begin to read. 0: only what began before the first sound, and nothing behind what is written. Default 500.
   */
  readonly joinGraceMs: number;
  /** Longest turn; what is said beyond it is the next. Default 60000. */
  readonly maxUtteranceMs: number;
  /** The fixed window. Default 4000. */
  readonly windowMs: number;
  /** A key held for less was struck by mistake. Default 200. */
  readonly minHoldMs: number;
  /** Longest recognition of a turn; engines that die over it are started anew within it. Default 120000. */
  readonly transcribeMs: number;
  /** Longest time from the transcript to the first word. Default 30000. */
  readonly thinkMs: number;
  /** Longest time without a sign of life from the first word to the first sound. Default 20000. */
  readonly firstSoundMs: number;
  /** Longest time without a sign of life from playback. Default 15000. */
  readonly playbackMs: number;
  /** Longest ducking; a noise that lasts is not worth it. Default 3000. */
  readonly duckMs: number;
  /** Longest wait for playback to say where it stopped. Default 500. */
  readonly stopMs: number;
}

const DEFAULTS: InteractionOptions = {
  mode: "wake",
  interruptions: "any-speech",
  capture: "endpoint",
  thinkEarlyFrom: 0.6,
  arbitrationMs: 1000,
  noSpeechMs: 5000,
  followUpMs: 6000,
  joinGraceMs: 500,
  maxUtteranceMs: 60_000,
  windowMs: 4000,
  minHoldMs: 200,
  transcribeMs: 120_000,
  thinkMs: 30_000,
  firstSoundMs: 20_000,
  playbackMs: 15_000,
  duckMs: 3000,
  stopMs: 500,
};

/** The options with their defaults. @throws RangeError naming the option that is no time, or no score. */
export function interactionOptions(options: Partial<InteractionOptions> = {}): InteractionOptions {
  const all = { ...DEFAULTS, ...options };
  for (const [name, value] of Object.entries(all)) {
    if (!name.endsWith("Ms")) continue;
    const least = name === "followUpMs" || name === "joinGraceMs" ? 0 : 1;
    if (typeof value !== "number" || !(value >= least && value <= 86_400_000)) {
      throw new RangeError(`${name} must be ${least} to 86400000 milliseconds`);
    }
  }
  if (!(all.thinkEarlyFrom >= 0)) throw new RangeError("thinkEarlyFrom must be 0 or more (above 1: never)");
  return all;
}
