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

export class Silences {
  readonly #longestMs = new Map<string, number>();

  allowedMs(peer: string): number {
    return Math.min(LONGEST_MS, Math.max(SHORTEST_MS, MARGIN * this.#of(peer)));
  }

  /** A sign has come, so long after the one before it. */
  heard(peer: string, silentMs: number): void {
    this.#longestMs.set(peer, Math.max(silentMs, this.#of(peer) * 2 ** (-silentMs / HALF_LIFE_MS)));
  }

  #of(peer: string): number {
    return this.#longestMs.get(peer) ?? FIRST_MS / MARGIN;
  }
}
