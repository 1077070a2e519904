/** Where one peer may be. All are tried; those that worked last come first, those that never did are forgotten first. */
import { hostAndPortOf, isLoopback, readAddress } from "../host/addresses.ts";
import { isPeerError } from "../../errors.ts";

/** Kept for one peer. */
export const MAX_ADDRESSES = 16;

export class AddressBook {
  /** In the order in which they were learned, the newest last; the value counts up with each success, 0: never. */
  readonly #entries = new Map<string, number>();
  #successes = 0;

  /** True when one of them was not known. What is no address is passed over. */
  learn(addresses: readonly string[]): boolean {
    let hasNew = false;
    for (const text of addresses) {
      const address = readable(text);
      if (address === undefined) continue;
      const success = this.#entries.get(address);
      hasNew ||= success === undefined;
      this.#entries.delete(address);
      this.#entries.set(address, success ?? 0);
    }
    while (this.#entries.size > MAX_ADDRESSES) this.#forgetOne();
    return hasNew;
  }

  /** The peer was there. */
  worked(address: string): void {
    this.learn([address]);
    const known = readable(address);
    if (known === undefined) return;
    this.#successes += 1;
    this.#entries.set(known, this.#successes);
  }

  /** To be tried in this order. */
  candidates(): readonly string[] {
    const newestFirst = [...this.#entries].toReversed();
    return newestFirst.sort(([, a], [, b]) => b - a).map(([address]) => address);
  }

  #forgetOne(): void {
    let worst: string | undefined;
    let fewest = Infinity;
    for (const [address, success] of this.#entries) {
      if (success >= fewest) continue;
      fewest = success;
      worst = address;
    }
    if (worst !== undefined) this.#entries.delete(worst);
  }
}

/**
 * What a peer tells of its addresses, as useful here, and first of all the host it was seen to come from with the ports it
 * listens on. Loopback only means the same machine to those on it.
 */
export function toldBy(told: readonly string[], seenAt: string): readonly string[] {
  const seen = hostAndPortOf(seenAt);
  const places = told.flatMap((address) => {
    const known = readable(address);
    const place = known === undefined ? undefined : hostAndPortOf(known);
    return known === undefined || place === undefined ? [] : [{ address: known, ...place }];
  });
  const [kind] = seenAt.split("/").slice(1);
  const ports = [...new Set(places.map(({ port }) => port))].slice(0, 2);
  const asSeen = seen === undefined ? [] : ports.map((port) => `/${kind}/${seen.host}/tcp/${port}`);
  const isHere = seen !== undefined && isLoopback(seen.host);
  const others = places.filter(({ host }) => isHere || !isLoopback(host)).map(({ address }) => address);
  return [...new Set([...asSeen, ...others])];
}

function readable(text: string): string | undefined {
  try {
    return readAddress(text);
  } catch (error) {
    if (isPeerError(error, "usage")) return undefined;
    throw error;
  }
}
