/** How long a house is without its prime, measured by those who stay: each from when it was told that the prime is about to be hurt. */
import type { Cluster } from "../../cluster/face.ts";

interface Watched {
  readonly id: string;
  readonly prime: string;
  readonly sinceMs: number;
  tookMs: number | undefined;
}

/** The latest are kept. */
const MOST = 32;

export interface PrimeWatchOptions {
  readonly cluster: Pick<Cluster, "peers" | "onChange">;
  readonly nowMs: () => number;
}

export class PrimeWatch {
  readonly #options: PrimeWatchOptions;
  #watched: Watched[] = [];
  #stop: (() => void) | undefined;

  constructor(options: PrimeWatchOptions) {
    this.#options = options;
  }

  /** Of those that are over. */
  get found(): readonly { readonly id: string; readonly ms: number }[] {
    return this.#watched.flatMap(({ id, tookMs }) => (tookMs === undefined ? [] : [{ id, ms: Math.round(tookMs) }]));
  }

  /** From now on it is looked for another prime than this one. */
  begin(id: string, prime: string): void {
    this.#watched = [...this.#watched, { id, prime, sinceMs: this.#options.nowMs(), tookMs: undefined }].slice(-MOST);
    this.#stop ??= this.#options.cluster.onChange(() => this.#look());
    this.#look();
  }

  close(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #look(): void {
    const prime = this.#options.cluster.peers().find(({ isPrime }) => isPrime)?.peerId;
    if (prime === undefined) return;
    for (const each of this.#watched) {
      if (each.tookMs === undefined && prime !== each.prime) each.tookMs = this.#options.nowMs() - each.sinceMs;
    }
    if (this.#watched.every(({ tookMs }) => tookMs !== undefined)) this.close();
  }
}
