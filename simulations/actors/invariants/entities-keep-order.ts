/**
 * While a shard has one owner, what one sender sends to an entity there comes in the order of sending, in whatever manner it was
 * sent, and no more than once. Some may be missing; an acknowledged one on which the entity crashed may come again.
 */
import { demand } from "../../kit/violation.ts";
import { nameOf, type Invariant } from "../chronicle.ts";

const NAME = "entities-keep-order";

export function entitiesKeepOrder(): Invariant {
  const newest = new Map<string, number>();
  const crashed = new Set<string>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "handled") crashed.delete(`${happening.by} ${nameOf(happening.sent)}`);
      if (happening.type !== "entity-taken") return;
      const { sent, ownership } = happening;
      const name = `${ownership} ${nameOf(sent)}`;
      if (sent.manner === "acknowledged" && crashed.has(name)) return;
      // Until it says that it has finished.
      crashed.add(name);
      const way = `${sent.from} ${sent.to} ${ownership}`;
      const before = newest.get(way) ?? 0;
      demand(sent.sequence > before, NAME, () => `${ownership} takes ${nameOf(sent)} after ${before}`);
      newest.set(way, sent.sequence);
    },
  };
}
