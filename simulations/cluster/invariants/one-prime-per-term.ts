/** Of one cluster nobody leads in a term in which another does or did, and none announces itself for another's. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";

const NAME = "one-prime-per-term";

export function onePrimePerTerm(library: Library): Invariant {
  const primes = new Map<string, string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "replica") return;
      const { cluster, role, term, peer, state } = happening.replica;
      const claim = (of: number, by: string, how: string): void => {
        const key = `${cluster}/${of}`;
        const known = primes.get(key) ?? by;
        primes.set(key, known);
        demand(known === by, NAME, () => `${known} was prime of ${cluster} in term ${of}, and ${by} ${how}`);
      };
      if (role === "leader") claim(term, peer, "leads in it");
      const said = library.announcedPrime(state);
      if (said !== undefined) claim(said.term, said.peer, "has announced itself");
    },
  };
}
