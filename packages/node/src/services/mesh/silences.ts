/**
 * How long each peer that works may give no sign of life before another one begins beside it: as punctual as its signs have been, so
 * short is that. What is punctual belongs to both machines and the way between them, so all that a peer does counts together. Pure.
 *
 * The longest silence counts, and is forgotten by halves: what is rare but long is what makes work be done twice, and neither a mean
 * nor a deviation shows it.
 */

/** Shorter would be taken for standing still what is only a busy machine, however punctual it was before. */
const SHORTEST_MS = 150;
/** Longer is not waited for, however irregular it was: somebody waits for the work. */
const LONGEST_MS = 400;
/** Where nothing is known. */
const FIRST_MS = 250;
/** So much longer than the longest that is remembered. */
const MARGIN = 1.5;
/** Of time in which it was listened to. */
const HALF_LIFE_MS = 4_000;

interface Known {
  longestMs: number;
  /** What was known before it was given up for its silence, as long as it may come back and have been only busy. */
  beforeMs: number | undefined;
}

export class Silences {
  readonly #known = new Map<string, Known>();

  allowedMs(peer: string): number {
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, MARGIN * this.#of(peer).longestMs));
  }

  /** A sign has come, so long after the one before it. */
  heard(peer: string, silentMs: number): void {
    const known = this.#of(peer);
    known.longestMs = Math.max(silentMs, known.longestMs * 2 ** (-silentMs / HALF_LIFE_MS));
  }

  /** It was given up for its silence. It may have been only busy: next time it has longer. */
  stalled(peer: string): void {
    const known = this.#of(peer);
    known.beforeMs ??= known.longestMs;
    known.longestMs = Math.max(known.longestMs, this.allowedMs(peer));
  }

  /** It is gone: it was not only busy when it was given up. */
  gone(peer: string): void {
    const known = this.#of(peer);
    known.longestMs = known.beforeMs ?? known.longestMs;
    known.beforeMs = undefined;
  }

  #of(peer: string): Known {
    const known = this.#known.get(peer) ?? { longestMs: FIRST_MS / MARGIN, beforeMs: undefined };
    this.#known.set(peer, known);
    return known;
  }
}
