/**
 * Watches the host of a session in the midst of an answer's sound: one that stands still is noticed there before its house may hold it for
 * gone. Who is suspected for nothing loses nothing: the session is visited anew, where it is.
 */
export interface HostWatchOptions {
  /** For how long nothing has come from the host. */
  readonly silenceMs: () => number;
  /** Somebody hears an answer. */
  readonly isSounding: () => boolean;
  readonly suspect: () => void;
}

/** Hosts that are linked say that they are there ten times a second and more. */
const SILENT_MS = 300;
const LOOK_MS = 50;
/** Between two suspicions: where the way is bad, going back and forth is worse. */
const PAUSE_MS = 5_000;

export class HostWatch {
  readonly #options: HostWatchOptions;
  #timer: NodeJS.Timeout | undefined;
  /** Looks in a row at which it was silent: after a standstill of this peer's own the first one tells nothing. */
  #silent = 0;
  #suspectedMs = -Infinity;

  constructor(options: HostWatchOptions) {
    this.#options = options;
  }

  /** From now on, as long as somebody hears an answer. */
  start(): void {
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#silent = 0;
  }

  #look(): void {
    const { silenceMs, isSounding, suspect } = this.#options;
    if (!isSounding()) return this.stop();
    this.#silent = silenceMs() >= SILENT_MS ? this.#silent + 1 : 0;
    if (this.#silent < 2 || performance.now() - this.#suspectedMs < PAUSE_MS) return;
    this.#suspectedMs = performance.now();
    this.stop();
    suspect();
  }
}
