/** A command of a session is carried out once in the log, however often it was tried (section 6.3); without one, each try is. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "at-most-once";

export function atMostOnce(): Invariant {
  const places = new Map<string, number>();
  return {
    name: NAME,
    done({ id }, { index, append: { client, sequence, attempt, isOnce } }) {
      const name = isOnce ? `${client}:${sequence}` : `${client}:${sequence}:${attempt}`;
      const place = places.get(name);
      if (place === undefined) places.set(name, index);
      else demand(place === index, NAME, () => `node ${id} carries ${name} out at ${index}, after it was at ${place}`);
    },
  };
}
