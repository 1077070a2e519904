/**
 * The time in which a code lets somebody in (DECISIONS 9), as a value: a person opens it, ten minutes or five failures or
 * one success close it, and only a person opens another. Pure: time comes in.
 *
 * A try is paid for before the answer that lets a guess be checked leaves the peer, so that many guesses at once, or guesses
 * that are dropped half-way, cost what failures cost.
 */

/** How long a code counts. */
export const WINDOW_MS = 10 * 60_000;

/** Failures that close a window. */
export const MAX_TRIES = 5;

/** Why a window is closed. */
export type WindowEnd = "expired" | "too-many-failures" | "used" | "closed";

/** A code's time. */
export interface PairingWindow {
  /** Without dashes. */
  readonly code: string;
  readonly openedAtMs: number;
  readonly triesLeft: number;
  /** The peer that has proven the code: no other may use it any more, this one may ask again until it is let in. */
  readonly provenBy: string | undefined;
  readonly end: "used" | "closed" | undefined;
}

/** Opened by a person at `nowMs`. */
export function openWindow(code: string, nowMs: number): PairingWindow {
  return { code, openedAtMs: nowMs, triesLeft: MAX_TRIES, provenBy: undefined, end: undefined };
}

/** Why `window` lets nobody in who has not proven the code yet; undefined while it does. */
export function endOf(window: PairingWindow, nowMs: number): WindowEnd | undefined {
  if (window.end !== undefined) return window.end;
  if (nowMs >= expiresAtMs(window)) return "expired";
  if (window.provenBy !== undefined) return "used";
  return window.triesLeft === 0 ? "too-many-failures" : undefined;
}

/** When the window closes at the latest. */
export function expiresAtMs(window: PairingWindow): number {
  return window.openedAtMs + WINDOW_MS;
}

/** A peer wants to prove the code: the window with one try less; undefined when it may not. */
export function claimTry(window: PairingWindow, peerId: string, nowMs: number): PairingWindow | undefined {
  const end = endOf(window, nowMs);
  if (end === undefined) return { ...window, triesLeft: window.triesLeft - 1 };
  return end === "used" && window.end === undefined && window.provenBy === peerId ? window : undefined;
}

/** A peer that has claimed a try has proven the code; undefined when another was first, or the window was closed by now. */
export function proveWindow(window: PairingWindow, peerId: string): PairingWindow | undefined {
  if (window.end !== undefined || (window.provenBy !== undefined && window.provenBy !== peerId)) return undefined;
  return { ...window, provenBy: peerId };
}

/** For good: its newcomer is in (`used`), or a person closed it. */
export function closeWindow(window: PairingWindow, end: "used" | "closed"): PairingWindow {
  return { ...window, end: window.end ?? end };
}
