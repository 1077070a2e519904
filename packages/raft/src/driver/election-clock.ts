/**
 * Turns time into the core's ticks, and sleeps where they would only be counted: an idle node is woken by little else. It fits the election timeout to what the network and the machine allow: it grows with
 * the round trip to a quorum and with how late timers and heartbeats come, and shrinks again when they improve.
 */
import type { Environment, Timer } from "./environment.ts";
import type { NodeId } from "../core/types.ts";
import type { ElectionTiming } from "./timing.ts";
import type { Transport } from "./transport.ts";

export interface ClockHost {
  tick(): void;
  /** The election timeout changed. */
  retime(electionTicks: number): void;
  /** Round trip within which a quorum answers; undefined while unknown. */
  quorumRoundTripMs(): number | undefined;
  /** Whether something is believed that is over after some time: no time may be passed over then. */
  restsOnTime?(): boolean;
  /** How many of the next ticks would only be counted, if nothing else happens; default 0. They come late then, and together. */
  quietTicks?(): number;
}

const MIN_TICK_MS = 10;
const MAX_TICK_MS = 1_000;
/**
 * Ticks made up for when a timer comes late. Time that a stalled process slept through must not count against a leader
 * whose heartbeats wait in its sockets, so it gets to read them before the next tick.
 */
const MAX_CATCH_UP = 2;
/** A vote takes a round trip and a sync; ten of them leave room for a busy network. */
const ROUND_TRIPS = 10;
/** What was late is forgotten by half in this time. */
const HALF_LIFE_MS = 10_000;
const RETIME_EVERY_TICKS = 25;
/** Also where nothing is ever due: what was late is looked at again by then. */
const LONGEST_SLEEP_TICKS = 20;
/** Election timeouts. */
const SURELY_OVER = 3;

export class ElectionClock {
  readonly tickMs: number;
  readonly heartbeatTicks: number;
  readonly #timing: ElectionTiming;
  readonly #environment: Environment;
  readonly #host: ClockHost;
  #electionTicks: number;
  #timer: Timer | undefined;
  #isRunning = false;
  #lastMs = 0;
  /** When the timer is to fire. */
  #dueMs = 0;
  #sinceRetime = 0;
  /** The latest that a timer or heartbeat came in the recent past. */
  #lateMs = 0;
  #heardMs: number | undefined;

  /** `timing` is not adapted when `maxElectionMs` is `electionMs`. */
  constructor(timing: ElectionTiming, environment: Environment, host: ClockHost) {
    this.#timing = timing;
    this.#environment = environment;
    this.#host = host;
    const tickMs = timing.tickMs ?? Math.floor(timing.heartbeatMs / 4);
    this.tickMs = Math.min(MAX_TICK_MS, Math.max(MIN_TICK_MS, tickMs));
    this.heartbeatTicks = Math.max(1, Math.round(timing.heartbeatMs / this.tickMs));
    this.#electionTicks = Math.max(this.heartbeatTicks + 1, Math.round(timing.electionMs / this.tickMs));
  }

  get electionTicks(): number {
    return this.#electionTicks;
  }

  get electionMs(): number {
    return this.#electionTicks * this.tickMs;
  }

  start(): void {
    const nowMs = this.#environment.nowMs();
    // At whole ticks of the clock, as other timers of a process: it wakes up once for all of them.
    this.#lastMs = nowMs - (nowMs % this.tickMs);
    this.#isRunning = true;
    this.plan();
  }

  stop(): void {
    this.#isRunning = false;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  /** The leader was heard of. Gaps between its words tell how late heartbeats can be. */
  heard(): void {
    const nowMs = this.#environment.nowMs();
    if (this.#heardMs !== undefined) this.#late(nowMs - this.#heardMs - this.#timing.heartbeatMs);
    this.#heardMs = nowMs;
  }

  /** There is another leader, or none: a gap between two leaders is no late heartbeat. */
  leaderChanged(): void {
    this.#heardMs = undefined;
  }

  /** Ticks for all the time that has passed: nothing that rests on a lease may be decided before. */
  catchUp(): void {
    const due = Math.floor((this.#environment.nowMs() - this.#lastMs) / this.tickMs);
    if (!this.#isRunning || due < 1) return;
    this.#lastMs += due * this.tickMs;
    // After some election timeouts every lease is over: more ticks would tell nothing.
    const most = SURELY_OVER * this.#electionTicks;
    for (let i = 0; i < Math.min(due, most); i += 1) this.#host.tick();
  }

  /**
   * Counts the ticks that have passed and only count. To be called before anything happens to the core: what sets its counts back
   * would else seem to have come before them.
   */
  settle(): void {
    const due = Math.floor((this.#environment.nowMs() - this.#lastMs) / this.tickMs);
    if (!this.#isRunning || due < 1) return;
    const quiet = Math.min(due, this.#quietTicks());
    this.#lastMs += quiet * this.tickMs;
    this.#tick(quiet);
  }

  /** Something has happened to the core: it may need to be woken sooner, or not before later. */
  plan(): void {
    if (!this.#isRunning) return;
    const sleep = Math.min(this.#quietTicks(), LONGEST_SLEEP_TICKS);
    const dueMs = this.#lastMs + (1 + sleep) * this.tickMs;
    if (this.#timer !== undefined && Math.abs(dueMs - this.#dueMs) < 1) return;
    this.#timer?.cancel();
    this.#dueMs = dueMs;
    const delayMs = Math.max(1, dueMs - this.#environment.nowMs());
    this.#timer = this.#environment.after(delayMs, () => this.#fired());
  }

  #fired(): void {
    this.#timer = undefined;
    const nowMs = this.#environment.nowMs();
    this.#late(nowMs - this.#dueMs);
    if (this.#host.restsOnTime?.() === true) this.catchUp();
    const due = Math.floor((nowMs - this.#lastMs) / this.tickMs);
    const most = Math.max(this.#quietTicks() + 1, MAX_CATCH_UP);
    this.#lastMs = due > most ? nowMs : this.#lastMs + due * this.tickMs;
    this.#tick(Math.min(due, most));
    if (this.#sinceRetime >= RETIME_EVERY_TICKS) this.#retime();
    this.plan();
  }

  #tick(count: number): void {
    for (let i = 0; i < count && this.#isRunning; i += 1) {
      this.#lateMs *= 0.5 ** (this.tickMs / HALF_LIFE_MS);
      this.#sinceRetime += 1;
      this.#host.tick();
    }
  }

  #quietTicks(): number {
    return this.#host.quietTicks?.() ?? 0;
  }

  #late(lateMs: number): void {
    // A process that was stopped for long tells nothing about how long it will be late next time.
    this.#lateMs = Math.max(this.#lateMs, Math.min(lateMs, this.#timing.electionMs));
  }

  #retime(): void {
    this.#sinceRetime = 0;
    const { electionMs, maxElectionMs } = this.#timing;
    const neededMs = Math.max(electionMs, (this.#host.quorumRoundTripMs() ?? 0) * ROUND_TRIPS);
    const late = this.#lateMs > this.tickMs ? 2 * this.#lateMs : 0;
    const wanted = Math.round(Math.min(maxElectionMs, neededMs + late) / this.tickMs);
    const ticks = Math.max(this.heartbeatTicks + 1, wanted);
    // Small changes are not worth a new draw of everyone's timeout.
    if (Math.abs(ticks - this.#electionTicks) * 8 <= this.#electionTicks && ticks * this.tickMs !== electionMs) return;
    if (ticks === this.#electionTicks) return;
    this.#electionTicks = ticks;
    this.#host.retime(ticks);
  }
}

/** Round trip within which enough of the others answer for a quorum; undefined while none is known. */
export function quorumRoundTripMs(self: NodeId, voters: readonly NodeId[], transport: Transport): number | undefined {
  const others = voters.filter((voter) => voter !== self);
  const trips = others
    .map((voter) => transport.roundTripMs(voter))
    .filter((each) => each !== undefined)
    .toSorted((a, b) => a - b);
  return trips[Math.min(trips.length, Math.ceil(others.length / 2)) - 1];
}
