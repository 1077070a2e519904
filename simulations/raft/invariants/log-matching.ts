/**
 * Log Matching: if two logs contain an entry with the same index and term, they are identical up to it (section 3.2).
 * It holds for whole logs if it holds for every entry and the one before it.
 */
import type { Entry } from "@parley/raft";
import { demand } from "../../kit/violation.ts";
import { sameEntry, type Invariant } from "../chronicle.ts";

const NAME = "log-matching";
const MAX_TERMS = 2 ** 21;

export function logMatching(): Invariant {
  const first = new Map<number, { readonly entry: Entry; readonly previousTerm: number }>();
  return {
    name: NAME,
    logged({ id, mirror }, { entries }) {
      for (const entry of entries) {
        const previousTerm = mirror.term(entry.index - 1);
        const key = entry.index * MAX_TERMS + entry.term;
        const known = first.get(key);
        if (known === undefined) {
          first.set(key, { entry, previousTerm });
          continue;
        }
        const where = (): string => `entry ${entry.index} of term ${entry.term} at node ${id}`;
        demand(sameEntry(known.entry, entry), NAME, () => `${where()} differs from an earlier one`);
        demand(
          known.previousTerm === previousTerm,
          NAME,
          () => `${where()} follows term ${previousTerm}, elsewhere ${known.previousTerm}`,
        );
      }
    },
  };
}
