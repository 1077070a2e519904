/** Peers that were heard of: where they are, and what their doors told last. Bounded: anybody may claim to be many. */
import { AddressBook } from "../../../mesh/links/address-book.ts";
import type { About } from "../../../mesh/door/protocol/messages.ts";
import type { Place } from "./visits.ts";

export interface Neighbour {
  readonly peer: string;
  readonly book: AddressBook;
  about: About | undefined;
  /** Hellos that came to nothing, in a row. */
  failures: number;
  /** It has answered once. */
  hasAnswered: boolean;
  /** Refusals to let this peer in, in a row. */
  refusals: number;
  isVisiting: boolean;
}

/** Hellos that come to nothing, until a peer counts as gone. */
export const SILENT_AFTER = 2;

const MAX_NEIGHBOURS = 256;
const MAX_NAMELESS = 64;

export class Neighbours {
  readonly #known = new Map<string, Neighbour>();
  /** Addresses of which nobody knows yet whose they are. */
  readonly #nameless = new Set<string>();

  /** True when something is new. */
  heard(peer: string | undefined, addresses: readonly string[]): boolean {
    if (peer === undefined) return this.#heardNameless(addresses);
    const known = this.#known.get(peer) ?? this.#enter(peer);
    this.#known.delete(peer);
    this.#known.set(peer, known);
    return known.book.learn(addresses);
  }

  /** A door there has told whose it is. */
  met(about: About, address: string): Neighbour {
    const known = this.#known.get(about.peerId) ?? this.#enter(about.peerId);
    if (known.about?.cluster?.id !== about.cluster?.id) known.refusals = 0;
    known.about = about;
    known.hasAnswered = true;
    known.failures = 0;
    known.book.worked(address);
    this.#nameless.delete(address);
    return known;
  }

  get(peer: string): Neighbour | undefined {
    return this.#known.get(peer);
  }

  all(): readonly Neighbour[] {
    return [...this.#known.values()];
  }

  /**
   * Those whose last visit was not in vain, and the others, those with the fewest vain ones first; of equals, who was heard of
   * last. Only so many are visited at once, and of names that somebody has made up there may be as many as there is room for.
   */
  byPromise(): readonly [promising: readonly Neighbour[], others: readonly Neighbour[]] {
    const all = this.all().toReversed();
    const others = all.filter(({ failures }) => failures > 0).toSorted((one, other) => one.failures - other.failures);
    return [all.filter(({ failures }) => failures === 0), others];
  }

  nameless(): readonly string[] {
    return [...this.#nameless];
  }

  placeOf({ peer, book }: Neighbour): Place {
    return { peer, addresses: book.candidates() };
  }

  forgetNameless(address: string): void {
    this.#nameless.delete(address);
  }

  #heardNameless(addresses: readonly string[]): boolean {
    // Where nobody answers to the old name there may be somebody else by now.
    const there = this.all().filter(({ failures }) => failures < SILENT_AFTER);
    const known = new Set(there.flatMap(({ book }) => book.candidates()));
    const fresh = addresses.filter((address) => !known.has(address) && !this.#nameless.has(address));
    for (const address of fresh) if (this.#nameless.size < MAX_NAMELESS) this.#nameless.add(address);
    return fresh.length > 0;
  }

  #enter(peer: string): Neighbour {
    if (this.#known.size >= MAX_NEIGHBOURS) this.#drop();
    const book = new AddressBook();
    const neighbour = { peer, book, about: undefined, failures: 0, hasAnswered: false, refusals: 0, isVisiting: false };
    this.#known.set(peer, neighbour);
    return neighbour;
  }

  /** The one that has been silent for longest, else the one that was not heard of for longest. */
  #drop(): void {
    let worst: Neighbour | undefined;
    for (const each of this.#known.values()) if (worst === undefined || each.failures > worst.failures) worst = each;
    if (worst !== undefined) this.#known.delete(worst.peer);
  }
}
