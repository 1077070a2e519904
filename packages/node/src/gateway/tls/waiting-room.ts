/**
 * Connections that have not said yet what they are. Each waits for a bounded time, and so many wait at most: when it is full the
 * oldest of whoever has most of them there gives way, so that one who opens many keeps nobody else out.
 */

/** Something that can be shown out. */
export interface Visitor {
  destroy(): unknown;
}

export class WaitingRoom<T extends Visitor> {
  readonly #places: number;
  readonly #patienceMs: number;
  readonly #byAddress = new Map<string, Map<T, NodeJS.Timeout>>();
  #size = 0;

  constructor({ places, patienceMs }: { readonly places: number; readonly patienceMs: number }) {
    this.#places = places;
    this.#patienceMs = patienceMs;
  }

  get size(): number {
    return this.#size;
  }

  /** Lets it wait, until {@link leave} or until its time is over: then it is destroyed. */
  enter(address: string, visitor: T): void {
    if (this.#size >= this.#places) this.#makeRoom();
    const timer = setTimeout(() => {
      this.leave(address, visitor);
      visitor.destroy();
    }, this.#patienceMs);
    timer.unref();
    const group = this.#byAddress.get(address) ?? new Map<T, NodeJS.Timeout>();
    this.#byAddress.set(address, group.set(visitor, timer));
    this.#size += 1;
  }

  /** It is known what it is, or it is gone. Whether it was waiting. */
  leave(address: string, visitor: T): boolean {
    const group = this.#byAddress.get(address);
    const timer = group?.get(visitor);
    if (group === undefined || timer === undefined) return false;
    clearTimeout(timer);
    group.delete(visitor);
    if (group.size === 0) this.#byAddress.delete(address);
    this.#size -= 1;
    return true;
  }

  /** Shows all out. */
  clear(): void {
    for (const [address, group] of this.#byAddress) {
      for (const visitor of group.keys()) {
        this.leave(address, visitor);
        visitor.destroy();
      }
    }
  }

  #makeRoom(): void {
    let largest: readonly [string, Map<T, NodeJS.Timeout>] | undefined;
    for (const entry of this.#byAddress) if (entry[1].size > (largest?.[1].size ?? 0)) largest = entry;
    const [oldest] = largest?.[1].keys() ?? [];
    if (largest === undefined || oldest === undefined) return;
    this.leave(largest[0], oldest);
    oldest.destroy();
  }
}
