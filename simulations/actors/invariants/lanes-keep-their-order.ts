/** Per sender and lane, a mailbox with two lanes gives messages in the order of sending, also what was set aside. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "lanes-keep-their-order";

export function lanesKeepTheirOrder(): Invariant {
  const newest = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "slip-handled") return;
      const { desk, from, isUrgent, sequence } = happening;
      const way = `${from} to ${desk}, ${isUrgent ? "urgent" : "not urgent"}`;
      const before = newest.get(way) ?? 0;
      demand(sequence > before, NAME, () => `slip ${sequence} of ${way} is handled after ${before}`);
      newest.set(way, sequence);
    },
  };
}
