/** What hosts tell each other about a wake word, and what a host is to do. Plain data; who carries it checks its shape. */

/** One host's name for one wake word that it heard: no two of its own are alike. */
export interface UtteranceId {
  readonly host: string;
  readonly number: number;
}

/**
 * Clocks differ, so no message holds a time of day. `agoMs` is how long before sending the wake word ended, which a
 * receiver takes from its own clock: what ended at about the same time was the same person's word.
 */
export type ArbitrationMessage =
  /** I heard it, this well. */
  | { readonly type: "bid"; readonly from: UtteranceId; readonly score: number; readonly agoMs: number }
  /** I know of your bid, and have not decided: I shall not answer over your head. */
  | { readonly type: "seen"; readonly of: UtteranceId; readonly host: string }
  /** I answer. */
  | { readonly type: "claim"; readonly from: UtteranceId; readonly score: number; readonly agoMs: number };

/** What is to be done. */
export type ArbitrationEffect =
  /** To one host, or to every other with ears. Loss is borne. */
  | { readonly type: "send"; readonly to: string; readonly message: ArbitrationMessage }
  | { readonly type: "broadcast"; readonly message: ArbitrationMessage }
  /** This host answers what it heard as `number`. */
  | { readonly type: "win"; readonly number: number }
  /** Another does. After a `win` only when messages were lost or late, and both had claimed. */
  | { readonly type: "yield"; readonly number: number; readonly to: string };

/** Options of an arbiter, milliseconds. */
export interface ArbitrationOptions {
  /** From hearing to deciding, when all goes well. Default 120. */
  readonly windowMs: number;
  /** A bid or claim is sent again so often until it was seen. Default 40. */
  readonly repeatMs: number;
  /** Wake words that end so near each other, as far as can be told, are one: slow hosts and buffers of microphones hear late. Default 1000. */
  readonly sameMs: number;
  /** How long a wake word is remembered. Default 2000. */
  readonly keepMs: number;
}

/** @throws RangeError naming the option that is no time, or too short to work. */
export function arbitrationOptions(options: Partial<ArbitrationOptions> = {}): ArbitrationOptions {
  const all = { windowMs: 120, repeatMs: 40, sameMs: 1000, keepMs: 2000, ...options };
  for (const [name, value] of Object.entries(all)) {
    if (!(value >= 1 && value <= 60_000)) throw new RangeError(`${name} must be 1 to 60000 milliseconds`);
  }
  if (all.sameMs < all.windowMs)
    throw new RangeError("sameMs must be at least windowMs: a bid may be under way that long");
  if (all.keepMs < 16 * all.windowMs) throw new RangeError("keepMs must be at least sixteen times windowMs");
  return all;
}
