/** Connections of those that are nobody yet, by the host that they come from: who has many of them makes room for others. */
import type { MultiaddrConnection } from "@libp2p/interface";
import { plainAddress } from "./addresses.ts";

interface Place {
  readonly host: string;
  /** As far as it is known. */
  readonly peer: string | undefined;
  readonly sinceMs: number;
}

export class Crowd {
  /** In the order of their coming. */
  readonly #places = new Map<MultiaddrConnection, Place>();
  readonly #nowMs: () => number;

  /** @param nowMs monotonic */
  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  get size(): number {
    return this.#places.size;
  }

  /** Counted until it closes, or is {@link remove}d. */
  add(wire: MultiaddrConnection, peer?: string): void {
    this.#places.set(wire, { host: hostOf(wire), peer, sinceMs: this.#nowMs() });
    wire.addEventListener("close", () => this.remove(wire), { once: true });
  }

  remove(wire: MultiaddrConnection): void {
    this.#places.delete(wire);
  }

  /** They are somebody now. */
  removePeer(peer: string): void {
    for (const [wire, place] of this.#places) if (place.peer === peer) this.#places.delete(wire);
  }

  of(peer: string): number {
    return [...this.#places.values()].filter((place) => place.peer === peer).length;
  }

  /** From the host that `wire` comes from. */
  besides(wire: MultiaddrConnection): number {
    const host = hostOf(wire);
    return [...this.#places.values()].filter((place) => place.host === host).length;
  }

  /** Closes the oldest from where `wire` comes from. False where there is none. */
  dropBeside(wire: MultiaddrConnection): boolean {
    const host = hostOf(wire);
    return this.#drop([...this.#places].find(([, place]) => place.host === host)?.[0]);
  }

  /**
   * Closes the oldest from the host that has most, but none of `spared` (addresses of other ends).
   * @param over only where that has so many more than the host that `wire` comes from
   * @returns whether there was one
   */
  dropOfMost(
    wire: MultiaddrConnection,
    { over = 0, spared = new Set() }: { readonly over?: number; readonly spared?: ReadonlySet<string> } = {},
  ): boolean {
    const wires = [...this.#places.keys()].filter((each) => !spared.has(plainAddress(each.remoteAddr)));
    const byHost = Map.groupBy(wires, hostOf);
    let most: readonly MultiaddrConnection[] = [];
    for (const each of byHost.values()) if (each.length > most.length) most = each;
    if (most.length < this.besides(wire) + over) return false;
    return this.#drop(most[0]);
  }

  /** Closes the one that has been there for longest, but none of `spared`, if that is `longMs` or more. */
  dropOldest({ longMs, spared }: { readonly longMs: number; readonly spared: ReadonlySet<string> }): boolean {
    const oldest = [...this.#places].find(([wire]) => !spared.has(plainAddress(wire.remoteAddr)));
    if (oldest === undefined || this.#nowMs() - oldest[1].sinceMs < longMs) return false;
    return this.#drop(oldest[0]);
  }

  #drop(wire: MultiaddrConnection | undefined): boolean {
    if (wire === undefined) return false;
    this.remove(wire);
    wire.abort(new Error("others wait"));
    return true;
  }
}

function hostOf(wire: MultiaddrConnection): string {
  const [component] = wire.remoteAddr.getComponents();
  return component?.value ?? "";
}
