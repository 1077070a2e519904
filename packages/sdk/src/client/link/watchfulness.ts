/**
 * How closely the peer is watched just now. In the midst of an answer's sound each moment of silence is heard, and who has been left for
 * nothing is soon forgotten; so a peer is left early then, but not again and again: where all stand still now and then, all are slow. Pure.
 */
import type { Keeping } from "./options.ts";
import type { Pace } from "./pulse.ts";

/** What there is to lose. */
export type Doing = "nothing" | "working" | "sounding";

/** So many peers are left early within that time; later ones are given longer. */
const MOST_EARLY = 2;
const WITHIN_MS = 60_000;

export class Watchfulness {
  readonly #idle: Pace;
  readonly #working: Pace;
  readonly #sounding: Pace;
  #leftEarlyMs: readonly number[] = [];

  constructor({ heartbeatMs, silentMs, workHeartbeatMs, workSilentMs, soundHeartbeatMs, soundSilentMs }: Keeping) {
    this.#idle = { everyMs: heartbeatMs, silentMs };
    this.#working = { everyMs: workHeartbeatMs, silentMs: workSilentMs };
    this.#sounding = { everyMs: soundHeartbeatMs, silentMs: soundSilentMs };
  }

  /** @param hasOthers there are other peers to go to */
  pace(doing: Doing, hasOthers: boolean, nowMs: number): Pace {
    if (doing === "nothing") return this.#idle;
    return doing === "sounding" && hasOthers && this.#early(nowMs) < MOST_EARLY ? this.#sounding : this.#working;
  }

  /** A peer is left as it is silent. */
  left(doing: Doing, nowMs: number): void {
    if (doing === "sounding") this.#leftEarlyMs = [...this.#leftEarlyMs, nowMs].slice(-MOST_EARLY);
  }

  #early(nowMs: number): number {
    return this.#leftEarlyMs.filter((atMs) => nowMs - atMs < WITHIN_MS).length;
  }
}
