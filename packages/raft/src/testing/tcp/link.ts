/** What a test does to the way between this node and one peer, as this node finds it. */

/** Which way is cut, as seen from here. */
export type Cut = "none" | "out" | "in" | "both";

export interface LinkFaults {
  /**
   * What goes the cut way is lost without a word while sockets stay open, as when a cable is pulled; no new connection
   * comes about from here. Default `none`.
   */
  readonly cut?: Cut;
  /** Everything that goes out comes later, and in order. Default 0. */
  readonly delayMs?: number;
}

interface Passage {
  readonly dueMs: number;
  readonly carry: (arrives: boolean) => void;
}

/** One link. It holds what is delayed; senders bound how much they give it. */
export class Link {
  #cut: Cut = "none";
  #delayMs = 0;
  readonly #waiting: Passage[] = [];
  #timer: NodeJS.Timeout | undefined;
  readonly #onceHealed = new Set<() => void>();

  get isCut(): boolean {
    return this.#cut !== "none";
  }

  get cutsOut(): boolean {
    return this.#cut === "out" || this.#cut === "both";
  }

  get cutsIn(): boolean {
    return this.#cut === "in" || this.#cut === "both";
  }

  set(faults: LinkFaults): void {
    this.#cut = faults.cut ?? "none";
    this.#delayMs = faults.delayMs ?? 0;
    if (this.isCut) return;
    const healed = [...this.#onceHealed];
    this.#onceHealed.clear();
    for (const run of healed) run();
  }

  /** Calls `run` once nothing is cut any more; the result takes that back. */
  onceHealed(run: () => void): () => void {
    this.#onceHealed.add(run);
    return () => this.#onceHealed.delete(run);
  }

  /** Calls `carry` exactly once: when what goes out would have got through, or has been lost. */
  pass(carry: (arrives: boolean) => void): void {
    if (this.cutsOut) {
      carry(false);
    } else if (this.#delayMs === 0 && this.#waiting.length === 0) {
      carry(true);
    } else {
      // Never before what went out earlier under a longer delay.
      const dueMs = Math.max(performance.now() + this.#delayMs, this.#waiting.at(-1)?.dueMs ?? 0);
      this.#waiting.push({ dueMs, carry });
      this.#timer ??= this.#arm(dueMs);
    }
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#onceHealed.clear();
    for (const { carry } of this.#waiting.splice(0)) carry(false);
  }

  #arm(dueMs: number): NodeJS.Timeout {
    return setTimeout(
      () => {
        this.#timer = undefined;
        const now = performance.now();
        let due = 0;
        while ((this.#waiting[due]?.dueMs ?? Infinity) <= now) due += 1;
        for (const { carry } of this.#waiting.splice(0, due)) carry(!this.cutsOut);
        const next = this.#waiting[0];
        if (next !== undefined) this.#timer ??= this.#arm(next.dueMs);
      },
      Math.max(1, dueMs - performance.now()),
    );
  }
}
