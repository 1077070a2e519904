/** Who the simulated peers are: made once, and dealt out anew by each seed, so that none is always the lowest. */
import { Random } from "../kit/random.ts";
import type { Machine } from "./host.ts";
import type { Library } from "./library.ts";
import { MAX_MACHINES } from "./plan.ts";

export type Household = (seed: number, machine: number) => Pick<Machine, "identity" | "sealingKey">;

export async function householdOf(library: Library): Promise<Household> {
  const everybody = await Promise.all(
    Array.from({ length: MAX_MACHINES }, async (_, i) => ({
      identity: await library.identityOfSeed(new Uint8Array(32).fill(i + 1)),
      sealingKey: library.sealingKeyOfSeed(new Uint8Array(32).fill(i + 101)),
    })),
  );
  return (seed, machine) => {
    const random = new Random(seed, "household");
    const order = everybody.map((one) => ({ one, at: random.next() })).toSorted((a, b) => a.at - b.at);
    const found = order[machine];
    if (found === undefined) throw new RangeError(`there is no machine ${machine}`);
    return found.one;
  };
}
