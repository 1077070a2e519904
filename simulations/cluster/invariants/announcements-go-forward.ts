/** Once a prime has announced itself, nobody of an older term does: the fence of DECISIONS 1 in the replicated state. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";
import type { Library } from "../library.ts";

const NAME = "announcements-go-forward";

export function announcementsGoForward(library: Library): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "replica" || happening.before === undefined) return;
      const { life, state } = happening.replica;
      const before = library.announcedPrime(happening.before)?.term ?? 0;
      const now = library.announcedPrime(state)?.term ?? 0;
      demand(now >= before, NAME, () => `${life} has the prime of term ${now} announced after that of ${before}`);
    },
  };
}
