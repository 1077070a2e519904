/**
 * How often a host tells a peer that it is there. Where everything comes on time, half as often is enough, and an idle host is woken half
 * as often; at the first thing that comes late, at either end, it is as often as was agreed on, and stays so for a while. The bounds on
 * silence are the same at both paces: a stall or loss that begins while all was calm has one beat less of them.
 */
import type { PhiAccrualOptions } from "./phi-accrual.ts";

const CALM_INTERVALS = 2;
/** What may come so much too late or too early comes on time. */
const TOLERANCE_MS = 60;
/** Of a beat: so much earlier than its time it may be made. */
const EARLY_SHARE = 1 / 10;

/**
 * Beats are made at whole multiples of their interval by this host's clock, as other timers of a process are: it wakes up once for all
 * of them and for all peers.
 */
export class Pace {
  readonly #options: PhiAccrualOptions;
  readonly #turns: number;
  #isCalm = false;
  #calmFromMs: number;
  #beatMs = -Infinity;
  #peerBeatMs = -Infinity;

  /** @param turns each so many beats one travels in the lane in which {@link peerBeat} sees the peer's */
  constructor(options: PhiAccrualOptions, turns: number, nowMs: number) {
    this.#options = options;
    this.#turns = turns;
    this.#calmFromMs = nowMs + options.calmAfterMs;
  }

  get #intervalMs(): number {
    return (this.#isCalm ? CALM_INTERVALS : 1) * this.#options.heartbeatIntervalMs;
  }

  /** The time of the last beat that is due by now. */
  #dueMs(nowMs: number): number {
    const intervalMs = this.#intervalMs;
    return Math.floor((nowMs + this.#options.heartbeatIntervalMs * EARLY_SHARE) / intervalMs) * intervalMs;
  }

  /** When the next beat is due. */
  inMs(nowMs: number): number {
    return this.#dueMs(nowMs) + this.#intervalMs - nowMs;
  }

  /** Makes the beat that is due now. @returns whose turn it is, from 0; undefined when none is due */
  beat(nowMs: number): number | undefined {
    const intervalMs = this.#intervalMs;
    const dueMs = this.#dueMs(nowMs);
    if (dueMs <= this.#beatMs) return undefined;
    this.#beatMs = dueMs;
    // Only then all pauses that the peer sees are those of one pace or of the other.
    const calmRoundMs = this.#turns * CALM_INTERVALS * this.#options.heartbeatIntervalMs;
    if (nowMs >= this.#calmFromMs && dueMs % calmRoundMs === 0) this.#isCalm = true;
    return (dueMs / intervalMs) % this.#turns;
  }

  /** A beat of the peer's came, at whichever pace it keeps. */
  peerBeat(nowMs: number): void {
    const pauseMs = nowMs - this.#peerBeatMs;
    this.#peerBeatMs = nowMs;
    const usualMs = this.#turns * this.#options.heartbeatIntervalMs;
    const isOnTime = [usualMs, CALM_INTERVALS * usualMs].some((each) => Math.abs(pauseMs - each) <= TOLERANCE_MS);
    if (!isOnTime) this.#disturb(nowMs);
  }

  /** This host itself was `lateMs` late. */
  late(lateMs: number, nowMs: number): void {
    if (lateMs > TOLERANCE_MS) this.#disturb(nowMs);
  }

  #disturb(nowMs: number): void {
    this.#isCalm = false;
    this.#calmFromMs = nowMs + this.#options.calmAfterMs;
  }
}
