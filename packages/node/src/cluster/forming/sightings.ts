/** Whom this peer sees, and what of that still counts. */
import type { Sighting } from "./words.ts";

/** A cluster as its peers show it. */
export interface Seen {
  readonly id: string;
  readonly isAloneAndEmpty: boolean;
  readonly sinceMs: number;
  /** Its peers, in order. */
  readonly peers: readonly Sighting[];
}

interface Known {
  readonly sighting: Sighting;
  /** Since when it has been as it is: of no cluster, or of this one. */
  readonly sinceMs: number;
}

const MAX_PEERS = 256;

export class Sightings {
  readonly #known = new Map<string, Known>();
  /** Peers that did not know the secret, and the cluster that they showed then. */
  readonly #foreign = new Map<string, string>();

  add(sighting: Sighting, nowMs: number): void {
    const before = this.#known.get(sighting.peer);
    // Anybody may claim to be many: those who come too late are not looked at.
    if (before === undefined && this.#known.size >= MAX_PEERS) return;
    const isAsBefore = before !== undefined && before.sighting.cluster?.id === sighting.cluster?.id;
    this.#known.set(sighting.peer, { sighting, sinceMs: isAsBefore ? before.sinceMs : nowMs });
  }

  remove(peer: string): void {
    this.#known.delete(peer);
    // When it is back its person may have given it another one.
    this.#foreign.delete(peer);
  }

  /** It has another secret than this peer: while it shows this cluster, it has nothing to do with us. */
  setForeign(peer: string, cluster: string): void {
    if (this.#known.has(peer)) this.#foreign.set(peer, cluster);
  }

  /** Of all peers but the foreign ones, the best first: with contents, then by id. */
  clusters(): readonly Seen[] {
    const ours = [...this.#known.values()].filter(({ sighting }) => !this.#isForeign(sighting));
    const byCluster = Map.groupBy(ours, ({ sighting }) => sighting.cluster?.id);
    const seen = [...byCluster].flatMap(([id, known]): readonly Seen[] => {
      if (id === undefined) return [];
      const peers = known.map(({ sighting }) => sighting).toSorted((a, b) => (a.peer < b.peer ? -1 : 1));
      // One peer may not know yet what another one does.
      const isAloneAndEmpty = peers.length === 1 && peers.every(({ cluster }) => cluster?.isAloneAndEmpty === true);
      return [{ id, isAloneAndEmpty, sinceMs: Math.min(...known.map(({ sinceMs }) => sinceMs)), peers }];
    });
    return seen.toSorted((a, b) => (isBetter(a, b) ? -1 : 1));
  }

  /** Peers of no cluster that come before `peer`, with since when that is known. */
  freshBefore(peer: string): readonly { readonly peer: string; readonly sinceMs: number }[] {
    const before = [...this.#known.values()].filter(
      ({ sighting }) => sighting.cluster === null && sighting.peer < peer,
    );
    return before.map(({ sighting, sinceMs }) => ({ peer: sighting.peer, sinceMs }));
  }

  #isForeign({ peer, cluster }: Sighting): boolean {
    return cluster !== null && this.#foreign.get(peer) === cluster.id;
  }
}

type Comparable = Pick<Seen, "id" | "isAloneAndEmpty">;

/** Whether `one` goes on and `other` yields, if that is alone and empty. No two clusters are equally good. */
export function isBetter(one: Comparable, other: Comparable): boolean {
  if (one.isAloneAndEmpty !== other.isAloneAndEmpty) return other.isAloneAndEmpty;
  return one.id < other.id;
}
