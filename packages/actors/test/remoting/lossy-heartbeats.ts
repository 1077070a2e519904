/**
 * An hour of heartbeats over TCP on a link that loses packets, as a model: a lost segment holds up all later ones; it is sent
 * again after the least retransmission timeout of Linux, and with each later heartbeat, whose selective acknowledgement
 * tells the sender of the hole (RFC 6675). Both that segment and that acknowledgement may be lost again. Tail loss probes,
 * which would help, are left out.
 */
import { PhiAccrualDetector, type PhiAccrualOptions } from "../../src/remoting/phi-accrual.ts";

const HOUR_MS = 3_600_000;
const TIMEOUT_MS = 200;
const CHECK_MS = 50;

export function hourOfHeartbeats(
  options: PhiAccrualOptions,
  loss: number,
  random: () => number,
): { readonly alarms: number; readonly longestSilenceMs: number } {
  const { heartbeatIntervalMs } = options;
  const detector = new PhiAccrualDetector(options, 0);
  let alarms = 0;
  let longestSilenceMs = 0;
  /** When the last lost segment is there at last: nothing after it is read before. */
  let heldUntilMs = 0;
  const arrivals: number[] = [];
  for (let sentMs = 0; sentMs < HOUR_MS; sentMs += heartbeatIntervalMs) {
    let arrivalMs = sentMs + 1;
    if (random() < loss) {
      arrivalMs += TIMEOUT_MS;
      while (random() < 1 - (1 - loss) ** 2) arrivalMs += heartbeatIntervalMs;
    }
    heldUntilMs = Math.max(heldUntilMs, arrivalMs);
    arrivals.push(heldUntilMs);
  }
  let next = 0;
  for (let nowMs = 0; nowMs < HOUR_MS; nowMs += CHECK_MS) {
    for (let atMs = arrivals[next] ?? Infinity; atMs <= nowMs; atMs = arrivals[next] ?? Infinity) {
      longestSilenceMs = Math.max(longestSilenceMs, detector.silenceMs(atMs));
      detector.heartbeat(atMs);
      next += 1;
    }
    if (detector.isSuspect(nowMs)) alarms += 1;
  }
  return { alarms, longestSilenceMs };
}
