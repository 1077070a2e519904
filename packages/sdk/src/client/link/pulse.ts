/** Whether the peer is still there: a HEARTBEAT now and then, and any sign of life within a while of it. */

/** Options of {@link Pulse}. */
export interface PulseOptions {
  /** Between heartbeats. */
  readonly everyMs: number;
  /** Without any sign of life for so long after a heartbeat, the peer is silent. */
  readonly silentMs: number;
  readonly beat: () => void;
  readonly onSilent: () => void;
}

/** Timers that came so much later than they should: this machine slept, or a browser held them back. */
const LATE_MS = 2_000;

export class Pulse {
  readonly #options: PulseOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAnswered = true;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#rest();
  }

  /** Something came from the peer. */
  alive(): void {
    this.#isAnswered = true;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #rest(): void {
    this.#timer = setTimeout(() => this.#beat(), this.#options.everyMs);
  }

  #beat(): void {
    const { silentMs, beat, onSilent } = this.#options;
    this.#isAnswered = false;
    beat();
    const dueMs = performance.now() + silentMs;
    this.#timer = setTimeout(() => {
      if (this.#isAnswered) return this.#rest();
      // After a sleep the answers may wait behind this timer: the peer is asked once more.
      if (performance.now() - dueMs > LATE_MS) return this.#beat();
      onSilent();
    }, silentMs);
  }
}
