/** Work that is done while nothing else is, and dropped as soon as something is. */

/** Runs `work` once after `idleMs` without anything busy; again later, when it was interrupted or has failed. */
export class IdleWork {
  readonly #idleMs: number;
  readonly #work: (signal: AbortSignal) => Promise<void>;
  #busy = 0;
  #isDone = false;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;
  #running: { readonly abort: AbortController; readonly over: Promise<void> } | undefined;

  constructor(idleMs: number, work: (signal: AbortSignal) => Promise<void>) {
    this.#idleMs = idleMs;
    this.#work = work;
  }

  /** Something begins; the result is called when it has ended. */
  busy(): () => void {
    this.#busy += 1;
    clearTimeout(this.#timer);
    this.#running?.abort.abort();
    let isOver = false;
    return () => {
      if (isOver) return;
      isOver = true;
      this.#busy -= 1;
      this.rest();
    };
  }

  /** Begins to wait, unless something is busy. */
  rest(): void {
    clearTimeout(this.#timer);
    if (this.#busy > 0 || this.#isDone || this.#isClosed) return;
    this.#timer = setTimeout(() => this.#begin(), this.#idleMs);
    this.#timer.unref();
  }

  /** Resolves when nothing runs any more. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#running?.abort.abort();
    await this.#running?.over;
  }

  #begin(): void {
    if (this.#running !== undefined || this.#isClosed) return;
    const abort = new AbortController();
    const over = this.#work(abort.signal).then(
      () => void (this.#isDone = true),
      // What it was to make is made when it is needed; whoever needs it then meets the reason.
      () => undefined,
    );
    this.#running = { abort, over: over.then(() => void (this.#running = undefined)) };
    void this.#running.over.then(() => this.rest());
  }
}
