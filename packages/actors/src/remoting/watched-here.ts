/** Actors of this host whose end one peer wants to know of, over one connection. */
import type { RemoteHost } from "../core/remote.ts";
import type { TerminationReason } from "../core/ref.ts";
import { ActorError } from "../errors.ts";
import type { Places } from "./places.ts";

export type TellEnd = (place: string, reason: TerminationReason, error: ActorError | undefined) => void;

export class WatchedHere {
  readonly #host: RemoteHost;
  readonly #places: Places;
  readonly #max: number;
  readonly #tellEnd: TellEnd;
  readonly #unwatch = new Map<string, () => void>();

  /** @param places of this host */
  constructor(host: RemoteHost, places: Places, max: number, tellEnd: TellEnd) {
    this.#host = host;
    this.#places = places;
    this.#max = max;
    this.#tellEnd = tellEnd;
  }

  get size(): number {
    return this.#unwatch.size;
  }

  /** @throws ActorError `bad-address`, `mailbox-full` */
  watch(place: string): void {
    if (this.#unwatch.has(place)) return;
    if (this.#unwatch.size >= this.#max)
      throw new ActorError("mailbox-full", `${this.#max} actors are watched already`);
    const address = this.#places.read(place);
    this.#unwatch.set(place, () => undefined);
    const unwatch = this.#host.watch(address, (reason, error) => {
      // It may have been given up meanwhile.
      if (this.#unwatch.delete(place)) this.#tellEnd(place, reason, error);
    });
    if (this.#unwatch.has(place)) this.#unwatch.set(place, unwatch);
  }

  unwatch(place: string): void {
    const unwatch = this.#unwatch.get(place);
    this.#unwatch.delete(place);
    unwatch?.();
  }

  clear(): void {
    for (const place of this.#unwatch.keys()) this.unwatch(place);
  }
}
