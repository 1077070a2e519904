/** Who waits until what was written is safe. */
import type { Clock } from "@parley/actors";
import { PeerError } from "../../errors.ts";

interface Waiting {
  readonly upTo: number;
  readonly settle: (error?: unknown) => void;
}

/** A commit takes milliseconds, and as long as an election where the prime is gone. */
const FLUSH_MS = 5_000;

export class Flushes {
  readonly #clock: Clock;
  readonly #waiting = new Set<Waiting>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Until {@link reached} is told of this number. @throws PeerError `no-quorum`, the reason of `signal`, what {@link fail} is given */
  async until(upTo: number, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting: Waiting = { upTo, settle: (error) => (error === undefined ? resolve() : reject(error)) };
    const abort = (): void => waiting.settle(signal?.reason);
    const timer = this.#clock.after(FLUSH_MS, () => waiting.settle(late()));
    signal?.addEventListener("abort", abort, { once: true });
    this.#waiting.add(waiting);
    try {
      await promise;
    } finally {
      timer.cancel();
      signal?.removeEventListener("abort", abort);
      this.#waiting.delete(waiting);
    }
  }

  /** All up to this number is safe. */
  reached(upTo: number): void {
    for (const waiting of this.#waiting) if (waiting.upTo <= upTo) waiting.settle();
  }

  /** Nothing more will be. */
  fail(error: unknown): void {
    for (const waiting of this.#waiting) waiting.settle(error);
  }
}

function late(): PeerError {
  return new PeerError("no-quorum", "what a session does could not be written down in time", {
    nextStep: "See what would restore the quorum: parley status.",
  });
}
