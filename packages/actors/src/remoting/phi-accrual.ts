/**
 * The φ accrual failure detector: Hayashibara, Défago, Yared, Katayama, "The φ Accrual Failure Detector", SRDS 2004. It gives
 * no verdict but a degree of suspicion: φ = -log10 of the probability that a heartbeat comes even later than it is by now,
 * by what the times between heartbeats were so far. φ = 8 is wrong once in 10^8, if these are normally distributed.
 *
 * They are not quite, so the suspicion has bounds. Nobody is suspected before `minSilenceMs`, however punctual it was; and
 * everybody is after `maxSilenceMs`, however irregular it was. In between φ decides: a peer that has always been punctual is
 * given up sooner. By default the bounds are close together: on a full machine a process that is well gets no processor for
 * up to 0.7 s (measured), and one that stands still is to be noticed within 1 s.
 *
 * Every byte that comes ends a silence, but only heartbeats say how long silences usually are: a peer that talks much is not
 * held to the rhythm of its talk once it falls quiet.
 */
import { ActorError } from "../errors.ts";
import { tailExponent } from "./normal-tail.ts";

export interface PhiAccrualOptions {
  /** How often the peer sends heartbeats. Default 50: on a link that loses packets, each also finds the holes before it. */
  readonly heartbeatIntervalMs: number;
  /** φ from which a silent peer is suspected. Default 8. */
  readonly threshold: number;
  /** Times between heartbeats that are remembered. Default 200. */
  readonly windowSamples: number;
  /** Least standard deviation that is believed in. Default 50. */
  readonly minDeviationMs: number;
  /** Default 820. */
  readonly minSilenceMs: number;
  /** Default 900: some way below a second, as the observer may be late too. */
  readonly maxSilenceMs: number;
  /** Once everything has been on time for so long, heartbeats are sent half as often. Default Infinity: never. */
  readonly calmAfterMs: number;
}

export const DEFAULT_PHI_ACCRUAL: PhiAccrualOptions = {
  heartbeatIntervalMs: 50,
  threshold: 8,
  windowSamples: 200,
  minDeviationMs: 50,
  minSilenceMs: 820,
  maxSilenceMs: 900,
  calmAfterMs: Infinity,
};

/** `options` over the defaults. @throws ActorError `bad-option` */
export function phiAccrualOptions(options: Partial<PhiAccrualOptions> | undefined): PhiAccrualOptions {
  const whole = { ...DEFAULT_PHI_ACCRUAL, ...options };
  const { heartbeatIntervalMs, threshold, windowSamples, minDeviationMs, minSilenceMs, maxSilenceMs, calmAfterMs } =
    whole;
  const isSound =
    heartbeatIntervalMs > 0 &&
    threshold > 0 &&
    Number.isSafeInteger(windowSamples) &&
    windowSamples >= 2 &&
    minDeviationMs > 0 &&
    minSilenceMs >= heartbeatIntervalMs &&
    maxSilenceMs >= minSilenceMs &&
    calmAfterMs >= 0;
  if (!isSound) throw new ActorError("bad-option", `a failure detector cannot work with ${JSON.stringify(whole)}`);
  return whole;
}

/** Watches one peer. Pure: times come in, in milliseconds of one clock that never goes back. */
export class PhiAccrualDetector {
  readonly #options: PhiAccrualOptions;
  readonly #samples: number[] = [];
  #nextSample = 0;
  #heartbeatAtMs: number;
  #heardAtMs: number;

  /** The peer was heard at `nowMs`. */
  constructor(options: PhiAccrualOptions, nowMs: number) {
    this.#options = options;
    this.#heartbeatAtMs = nowMs;
    this.#heardAtMs = nowMs;
    // As the paper leaves open what to believe at first: the rhythm that was agreed on, and little of its regularity.
    const { heartbeatIntervalMs } = options;
    this.#remember(heartbeatIntervalMs / 2);
    this.#remember((3 * heartbeatIntervalMs) / 2);
  }

  /** Something came: part of a message is enough. */
  heard(nowMs: number): void {
    this.#heardAtMs = Math.max(this.#heardAtMs, nowMs);
  }

  heartbeat(nowMs: number): void {
    this.#remember(Math.min(Math.max(0, nowMs - this.#heartbeatAtMs), this.#options.maxSilenceMs));
    this.#heartbeatAtMs = nowMs;
    this.heard(nowMs);
  }

  /** The observer itself stood still for `ms`: what came meanwhile may still wait to be read. */
  excuse(ms: number, nowMs: number): void {
    this.#heardAtMs = Math.min(nowMs, this.#heardAtMs + ms);
    this.#heartbeatAtMs = Math.min(nowMs, this.#heartbeatAtMs + ms);
  }

  silenceMs(nowMs: number): number {
    return Math.max(0, nowMs - this.#heardAtMs);
  }

  /** The degree of suspicion; 0.3 when a heartbeat is as likely to come later as to have come already. */
  phi(nowMs: number): number {
    const { meanMs, deviationMs } = this.#rhythm();
    return tailExponent((this.silenceMs(nowMs) - meanMs) / deviationMs);
  }

  isSuspect(nowMs: number): boolean {
    const { minSilenceMs, maxSilenceMs, threshold } = this.#options;
    const silenceMs = this.silenceMs(nowMs);
    if (silenceMs < minSilenceMs) return false;
    return silenceMs >= maxSilenceMs || this.phi(nowMs) >= threshold;
  }

  /** When {@link isSuspect} is worth asking again, if nothing comes meanwhile. */
  dueInMs(nowMs: number): number {
    const { minSilenceMs, maxSilenceMs } = this.#options;
    const silenceMs = this.silenceMs(nowMs);
    return Math.max(0, (silenceMs < minSilenceMs ? minSilenceMs : maxSilenceMs) - silenceMs);
  }

  #remember(sampleMs: number): void {
    this.#samples[this.#nextSample] = sampleMs;
    this.#nextSample = (this.#nextSample + 1) % this.#options.windowSamples;
  }

  #rhythm(): { readonly meanMs: number; readonly deviationMs: number } {
    const count = this.#samples.length;
    const meanMs = this.#samples.reduce((sum, sample) => sum + sample, 0) / count;
    const variance = this.#samples.reduce((sum, sample) => sum + (sample - meanMs) ** 2, 0) / count;
    return { meanMs, deviationMs: Math.max(this.#options.minDeviationMs, Math.sqrt(variance)) };
  }
}
