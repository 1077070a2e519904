/**
 * A circuit breaker for each service: closed while it works; open, for longer each time, after it has failed; then half open: one
 * job tries it, and what comes of that closes it or opens it again (M. Nygard, "Release It!").
 */
import type { Capability } from "./advert.ts";
import type { BreakerView } from "./fleet.ts";

/** `gone`: it cannot be reached, or has stopped in the middle of a job; `failed`: it said that it failed. */
export type Failure = "gone" | "failed";

export interface BreakerState {
  readonly failures: number;
  /** How often it was opened since it last worked. */
  readonly openings: number;
  /** Closed while undefined. */
  readonly untilMs: number | undefined;
  /** A job tries it since then. */
  readonly triedMs: number | undefined;
}

export const CLOSED: BreakerState = { failures: 0, openings: 0, untilMs: undefined, triedMs: undefined };

export interface BreakerOptions {
  /** Failures in a row that open it; whoever is gone is not asked twice. Default 3. */
  readonly failures?: number;
  /** Default 1,000, doubled each time up to 60,000. */
  readonly firstOpenMs?: number;
  readonly mostOpenMs?: number;
  /** A job that tries it and is never heard of again tries it no more. Default 30,000. */
  readonly trialMs?: number;
}

const DEFAULTS: Required<BreakerOptions> = { failures: 3, firstOpenMs: 1_000, mostOpenMs: 60_000, trialMs: 30_000 };

/** What a router sees of it. */
export function viewOf(state: BreakerState, nowMs: number, options: BreakerOptions = {}): BreakerView {
  const { failures, untilMs, triedMs } = state;
  if (untilMs === undefined) return { state: "closed" };
  if (nowMs < untilMs) return { state: "open", failures, untilMs };
  const { trialMs } = { ...DEFAULTS, ...options };
  return { state: "half-open", failures, isTried: triedMs !== undefined && nowMs - triedMs < trialMs };
}

/** A job was given to it. */
export function afterBegin(state: BreakerState, nowMs: number): BreakerState {
  return viewOf(state, nowMs).state === "half-open" ? { ...state, triedMs: nowMs } : state;
}

/** A job came to nothing without a fault of its own: refused for lack of room, or not wanted any more. */
export function afterRefusal(state: BreakerState): BreakerState {
  return { ...state, triedMs: undefined };
}

/** A job failed there. */
export function afterFailure(
  state: BreakerState,
  failure: Failure,
  nowMs: number,
  options: BreakerOptions = {},
): BreakerState {
  const { failures: most, firstOpenMs, mostOpenMs } = { ...DEFAULTS, ...options };
  const failures = state.failures + 1;
  const { state: was } = viewOf(state, nowMs, options);
  // A job that was on its way as it opened says nothing new.
  if (was === "open") return { ...state, failures };
  if (failure === "failed" && was === "closed" && failures < most) return { ...state, failures };
  const openMs = Math.min(mostOpenMs, firstOpenMs * 2 ** Math.min(state.openings, 30));
  return { failures, openings: state.openings + 1, untilMs: nowMs + openMs, triedMs: undefined };
}

/** The breakers of all services that have failed of late. A service that works is not kept. */
export class Breakers {
  readonly #options: BreakerOptions;
  readonly #states = new Map<string, Map<Capability, BreakerState>>();

  constructor(options: BreakerOptions = {}) {
    this.#options = options;
  }

  view(peer: string, capability: Capability, nowMs: number): BreakerView | undefined {
    const state = this.#states.get(peer)?.get(capability);
    return state === undefined ? undefined : viewOf(state, nowMs, this.#options);
  }

  began(peer: string, capability: Capability, nowMs: number): void {
    this.#change(peer, capability, (state) => afterBegin(state, nowMs));
  }

  succeeded(peer: string, capability: Capability): void {
    const states = this.#states.get(peer);
    if (states?.delete(capability) === true && states.size === 0) this.#states.delete(peer);
  }

  /** It had no room, or the job was taken back: nothing is learnt of its health. */
  refused(peer: string, capability: Capability): void {
    this.#change(peer, capability, afterRefusal);
  }

  failed(peer: string, capability: Capability, failure: Failure, nowMs: number): void {
    const states = this.#states.get(peer) ?? new Map<Capability, BreakerState>();
    this.#states.set(peer, states);
    states.set(capability, afterFailure(states.get(capability) ?? CLOSED, failure, nowMs, this.#options));
  }

  /** The peer is another than before: it has been started anew, or has left. */
  forget(peer: string): void {
    this.#states.delete(peer);
  }

  #change(peer: string, capability: Capability, change: (state: BreakerState) => BreakerState): void {
    const states = this.#states.get(peer);
    const state = states?.get(capability);
    if (state !== undefined) states?.set(capability, change(state));
  }
}
