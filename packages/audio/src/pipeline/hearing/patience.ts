/** Work of an engine that may die over it, tried again: what it works on is kept. */
import { isAudioError } from "../../errors.ts";
import { abortable } from "../../format/abort.ts";
import type { ConversationClock } from "../converse/contracts.ts";

/** Waits before further tries: an engine that crashed is started anew, another one may be found. */
const RETRY_AFTER_MS = [50, 250, 1000, 2500] as const;
/** An engine that has not recognised `lengthMs` of speech after this and three times as long is not waited for. */
const PATIENCE_MS = 20_000;

/** What is to be done, and with what. */
export interface Patience {
  /** Length of the speech that is worked on. */
  readonly lengthMs: number;
  readonly clock: ConversationClock;
  readonly signal: AbortSignal;
}

/**
 * What `work` gives, at its fifth try at the latest.
 * @throws AudioError of the engine after some four seconds of waits; at once what trying again would not mend;
 * `job-timed-out` when it does not answer.
 */
export async function patiently<T>(
  work: (attempt: number, signal: AbortSignal) => Promise<T>,
  patience: Patience,
): Promise<T> {
  const { clock, signal } = patience;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await inTime((own) => work(attempt, own), patience);
    } catch (error) {
      const waitMs = RETRY_AFTER_MS[attempt];
      if (waitMs === undefined || signal.aborted || !mayPass(error)) throw error;
      await pause(clock, waitMs, signal);
    }
  }
}

async function inTime<T>(work: (signal: AbortSignal) => Promise<T>, { lengthMs, clock, signal }: Patience): Promise<T> {
  const late = new AbortController();
  const takeBack = clock.after(PATIENCE_MS + 3 * lengthMs, () => {
    late.abort(new DOMException("the recogniser does not answer", "TimeoutError"));
  });
  const either = AbortSignal.any([signal, late.signal]);
  try {
    return await abortable(work(either), either, "recognising what was said");
  } finally {
    takeBack();
  }
}

function mayPass(error: unknown): boolean {
  return isAudioError(
    error,
    "engine-crashed",
    "engine-stalled",
    "engine-out-of-memory",
    "engine-start-failed",
    "engine-busy",
    "engine-failed",
    "job-timed-out",
  );
}

async function pause(clock: ConversationClock, ms: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const takeBack = clock.after(ms, over.resolve);
  try {
    await abortable(over.promise, signal, "waiting for the recogniser");
  } finally {
    takeBack();
  }
}
