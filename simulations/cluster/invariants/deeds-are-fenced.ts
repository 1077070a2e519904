/**
 * DECISIONS 1: what somebody does as prime is accepted under its own term only, which it led, and once a newer prime has done
 * something nothing of an older one is. The same of what a prime announces itself with, which the mesh's key has signed.
 */
import { verify } from "node:crypto";
import { demand } from "../../kit/violation.ts";
import type { Invariant, Replica } from "../chronicle.ts";
import { DEEDS, deedOf, type Deed } from "../clients/deeds.ts";
import type { Library } from "../library.ts";

const NAME = "deeds-are-fenced";

interface Done extends Deed {
  readonly revision: number;
}

export function deedsAreFenced(library: Library): Invariant {
  /** By cluster and term. */
  const primes = new Map<string, string>();
  /** By cluster, of the last deed in the log. */
  const terms = new Map<string, number>();
  /** Up to where each cluster was looked through. */
  const seen = new Map<string, number>();
  /** By cluster and generation. */
  const keys = new Map<string, Uint8Array>();

  const expectPrime = (cluster: string, { term, peer }: Deed, what: string): void => {
    const prime = primes.get(`${cluster}/${term}`);
    demand(prime === peer, NAME, () => `${peer} ${what} under term ${term} of ${cluster}, in which ${prime} led`);
  };

  const take = (cluster: string, done: readonly Done[]): void => {
    for (const deed of done.toSorted((a, b) => a.revision - b.revision)) {
      const newest = terms.get(cluster) ?? 0;
      terms.set(cluster, deed.term);
      expectPrime(cluster, deed, "did something");
      demand(
        newest <= deed.term,
        NAME,
        () => `something of term ${deed.term} was accepted at ${deed.revision}, after something of term ${newest}`,
      );
    }
  };

  const lookAtAnnouncement = ({ cluster, state }: Replica): void => {
    const said = library.announcedPrime(state);
    if (said === undefined) return;
    expectPrime(cluster, said, "announced itself");
    const key = keys.get(`${cluster}/${said.generation}`);
    const statement = library.primeStatement(cluster, said.peer, said.term);
    const isSigned =
      key !== undefined && verify(null, statement, library.publicKeyFrom("Ed25519", key), said.signature);
    demand(
      isSigned,
      NAME,
      () => `${said.peer} announced itself for term ${said.term}, and the mesh's key says otherwise`,
    );
  };

  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "replica") return;
      const { replica, before } = happening;
      const { cluster, state, role, term, peer } = replica;
      if (role === "leader") primes.set(`${cluster}/${term}`, peer);
      const { meshKey } = state;
      if (meshKey !== undefined) keys.set(`${cluster}/${meshKey.generation}`, meshKey.publicKey);
      const from = seen.get(cluster) ?? 0;
      if (state.pairs === before?.pairs || state.index <= from) return;
      seen.set(cluster, state.index);
      const deeds = [...state.pairs.range(DEEDS)].flatMap(([key, { revision }]) => {
        const deed = revision > from ? deedOf(key) : undefined;
        return deed === undefined ? [] : { ...deed, revision };
      });
      take(cluster, deeds);
      const announcement = library.announcedPrime(state);
      const last = before === undefined ? undefined : library.announcedPrime(before);
      const isNew = announcement?.term !== last?.term || announcement?.generation !== last?.generation;
      if (isNew) lookAtAnnouncement(replica);
    },
  };
}
