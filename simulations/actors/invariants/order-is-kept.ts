/**
 * What one sender tells one receiver comes in the order of telling, and what it has acknowledged is first taken in the order
 * of offering. Some may be missing.
 */
import { demand } from "../../kit/violation.ts";
import { nameOf, type Invariant } from "../chronicle.ts";

const NAME = "order-is-kept";

export function orderIsKept(): Invariant {
  const newest = new Map<string, number>();
  const handled = new Set<string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "taken" && happening.type !== "handled") return;
      const { type, sent, by } = happening;
      if (sent.manner === "offer") return;
      if (type === "handled") return void handled.add(`${by} ${nameOf(sent)}`);
      const way = `${sent.manner} ${sent.from} ${sent.to} ${by}`;
      const before = newest.get(way) ?? 0;
      // One on which its receiver crashed is given to it again, before all later ones.
      const isAgain = sent.manner === "acknowledged" && sent.sequence === before;
      demand(sent.sequence > before || isAgain, NAME, () => `${by} takes ${nameOf(sent)} after ${before}`);
      demand(!isAgain || !handled.has(`${by} ${nameOf(sent)}`), NAME, () => `${by} takes ${nameOf(sent)} once more`);
      newest.set(way, sent.sequence);
    },
  };
}
