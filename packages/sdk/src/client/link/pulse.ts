/** Whether the peer is still there: a HEARTBEAT whenever nothing came for a while, and any sign of life within a while of it. */

/** How closely it is watched. */
export interface Pace {
  /** Nothing came for so long: the peer is asked for a sign of life. */
  readonly everyMs: number;
  /** Without one for so long after that it is silent. */
  readonly silentMs: number;
}

/** Options of {@link Pulse}. */
export interface PulseOptions {
  /** Asked at every look. */
  readonly pace: () => Pace;
  readonly beat: () => void;
  readonly onSilent: () => void;
}

/** Part of `everyMs` by which a look may come before its time. */
const LEEWAY = 1 / 8;
/** Part of `everyMs` by which a look may come after its time. Later ones: this machine slept, or was busy, or a browser held it back. */
const LATE = 1 / 2;

export class Pulse {
  readonly #options: PulseOptions;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;
  #heardAtMs = performance.now();
  /** Of the heartbeat that was not answered. */
  #askedAtMs: number | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
    this.#lookIn(options.pace().everyMs);
  }

  /** Something came from the peer. */
  alive(): void {
    this.#heardAtMs = performance.now();
    this.#askedAtMs = undefined;
  }

  /** The pace is quicker from now on. */
  hurry(): void {
    // Whoever asks between two peers means the next one.
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    // What was asked at a slower pace is waited for anew.
    if (this.#askedAtMs !== undefined) this.#askedAtMs = performance.now();
    this.#lookIn(this.#options.pace().everyMs);
  }

  /** For good. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#timer);
  }

  #lookIn(ms: number): void {
    if (this.#isStopped) return;
    const dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => this.#look(performance.now() - dueMs), ms);
  }

  #look(lateMs: number): void {
    const { pace, beat, onSilent } = this.#options;
    const { everyMs, silentMs } = pace();
    const nowMs = performance.now();
    if (this.#askedAtMs === undefined) {
      const restMs = this.#heardAtMs + everyMs - nowMs;
      if (restMs > everyMs * LEEWAY) return this.#lookIn(restMs);
    } else {
      const leftMs = this.#askedAtMs + silentMs - nowMs;
      // After a standstill of our own the answer may wait behind this timer: the peer is asked once more.
      const isOurs = lateMs > everyMs * LATE;
      if (!isOurs && leftMs > 0) return this.#lookIn(Math.min(everyMs, leftMs));
      if (!isOurs) return onSilent();
    }
    this.#askedAtMs = nowMs;
    beat();
    this.#lookIn(Math.min(everyMs, silentMs));
  }
}
