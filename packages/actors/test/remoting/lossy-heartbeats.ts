/**
 * An hour of heartbeats over TCP on a link that loses packets, as a model: a lost segment holds up all later ones of its lane
 * until it has come. It is sent again only after a timeout, the least of Linux, and each time after twice as long. That is
 * as bad as it gets: thin streams with a window of one or two segments, which losses shrink it to, do fall back to this; what
 * helps otherwise (selective acknowledgements, RFC 6675; tail loss probes, RFC 8985) is left out.
 */
import { PhiAccrualDetector, type PhiAccrualOptions } from "../../src/remoting/phi-accrual.ts";

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 200;

export interface LossyLink {
  /** Share of packets that are lost. */
  readonly loss: number;
  /** Heartbeats travel in so many lanes at once, each on a connection of its own. */
  readonly lanes: number;
  /** One lane at each beat, in place of all. */
  readonly isInTurn?: boolean;
  /** Of each lane, in place of that: how many beats pass between two of its own. */
  readonly every?: readonly number[];
  readonly random: () => number;
}

export function hourOfHeartbeats(
  options: PhiAccrualOptions,
  { loss, lanes, isInTurn = false, every, random }: LossyLink,
): { readonly alarms: number; readonly longestSilenceMs: number } {
  const { heartbeatIntervalMs } = options;
  const detector = new PhiAccrualDetector(options, 0);
  const heldUntilMs = Array<number>(lanes).fill(0);
  const arrivals: { readonly atMs: number; readonly lane: number }[] = [];
  for (let sentMs = 0; sentMs < HOUR_MS; sentMs += heartbeatIntervalMs) {
    for (const [lane, heldMs] of heldUntilMs.entries()) {
      if (every !== undefined && (sentMs / heartbeatIntervalMs) % (every[lane] ?? 1) !== 0) continue;
      if (isInTurn && (sentMs / heartbeatIntervalMs) % lanes !== lane) continue;
      let atMs = sentMs + 1;
      for (let timeoutMs = TIMEOUT_MS; random() < loss; timeoutMs *= 2) atMs += timeoutMs;
      heldUntilMs[lane] = Math.max(heldMs, atMs);
      arrivals.push({ atMs: Math.max(heldMs, atMs), lane });
    }
  }
  let alarms = 0;
  let longestSilenceMs = 0;
  let nowMs = 0;
  for (const { atMs, lane } of arrivals.toSorted((a, b) => a.atMs - b.atMs)) {
    for (; nowMs < atMs; nowMs += heartbeatIntervalMs) {
      if (detector.isSuspect(nowMs)) alarms += 1;
    }
    longestSilenceMs = Math.max(longestSilenceMs, detector.silenceMs(atMs));
    // The first lane gives the rhythm, as the control lane does.
    if (lane === 0) detector.heartbeat(atMs);
    else detector.heard(atMs);
  }
  return { alarms, longestSilenceMs };
}
