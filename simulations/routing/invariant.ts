/** What is looked at while a house is at work. */
import type { Shipped } from "./choosers/shipped.ts";
import type { Happening, House } from "./house.ts";
import type { Library } from "./library.ts";
import type { Plan } from "./plan.ts";

/** What an invariant may look at. */
export interface Scenery {
  readonly plan: Plan;
  readonly house: House;
  readonly shipped: Shipped;
  readonly library: Library;
}

export interface Invariant {
  readonly name: string;
  see?(happening: Happening, scenery: Scenery): void;
  /** Every job has ended, and all faults are over for longer than any breaker stays open. */
  end?(scenery: Scenery): void;
}
