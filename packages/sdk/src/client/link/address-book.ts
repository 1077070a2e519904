/** The peers that a client knows of, and in which order it tries them. Pure. */

/** Learned addresses that are kept; those that a person gave are kept all. */
const MOST_LEARNED = 64;

/** Behind whatever has failed for a long time. */
const DRAINING_RANK = 1_000_000;

/** How the last connection to a peer ended. */
export type Ending = "lost" | "silent" | "stopping";

interface Entry {
  /** By whoever made the client, and therefore never forgotten. */
  readonly isGiven: boolean;
  /** In a row. */
  failures: number;
  /** The client was connected there. */
  wasWelcome: boolean;
  /** The house says that it hands over what it does. */
  isDraining: boolean;
}

/** Addresses of peers. */
export class AddressBook {
  readonly #entries = new Map<string, Entry>();
  /** Where the client was connected last, and how that ended; undefined before. */
  #last: { readonly url: string; readonly ending: Ending } | undefined;

  constructor(given: readonly string[]) {
    for (const url of given)
      this.#entries.set(url, { isGiven: true, failures: 0, wasWelcome: false, isDraining: false });
  }

  get urls(): readonly string[] {
    return [...this.#entries.keys()];
  }

  has(url: string): boolean {
    return this.#entries.has(url);
  }

  /**
   * What the house says its peers are now. Those it does not name any more are forgotten, unless they were given, or the client was
   * connected there: a house may know its peers by other addresses. Those that are `draining` are tried last.
   */
  learn(urls: readonly string[], draining: readonly string[] = []): void {
    const now = new Set(urls);
    for (const [url, { isGiven, wasWelcome }] of this.#entries) {
      if (!isGiven && !wasWelcome && !now.has(url)) this.#entries.delete(url);
    }
    for (const url of now) this.add(url);
    const going = new Set(draining);
    for (const [url, entry] of this.#entries) entry.isDraining = going.has(url);
  }

  /** One more that was found. @returns false when it was known, or there are too many */
  add(url: string): boolean {
    if (this.#entries.has(url)) return false;
    const learned = [...this.#entries.values()].filter(({ isGiven }) => !isGiven);
    if (learned.length >= MOST_LEARNED) return false;
    this.#entries.set(url, { isGiven: false, failures: 0, wasWelcome: false, isDraining: false });
    return true;
  }

  failed(url: string): void {
    const entry = this.#entries.get(url);
    if (entry !== undefined) entry.failures += 1;
  }

  welcomed(url: string): void {
    const entry = this.#entries.get(url);
    if (entry !== undefined) {
      entry.failures = 0;
      entry.wasWelcome = true;
    }
    this.#last = { url, ending: "lost" };
  }

  ended(url: string, ending: Ending): void {
    this.#last = { url, ending };
  }

  /**
   * All, in the order in which they are to be tried. At first as they were given. Later the peer that was lost comes first, for it
   * may have been but the network, or last when it said that it stops or was silent, behind those that are draining; the others by
   * failures in a row, and among equals by chance: clients of a peer that dies do not all run to the same one.
   *
   * @param random at least 0, below 1
   */
  order(random: () => number): readonly string[] {
    const last = this.#last;
    if (last === undefined) return this.urls;
    const rank = (url: string, { failures, isDraining }: Entry): number => {
      if (url !== last.url) return isDraining ? DRAINING_RANK + failures : failures;
      return last.ending === "lost" ? -1 : Number.MAX_SAFE_INTEGER;
    };
    return [...this.#entries]
      .map(([url, entry]) => ({ url, rank: rank(url, entry), chance: random() }))
      .toSorted((one, other) => one.rank - other.rank || one.chance - other.chance)
      .map(({ url }) => url);
  }
}
