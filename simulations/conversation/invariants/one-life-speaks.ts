/** What a client hears of an answer by one connection is said by one life of its session: two never both speak to it. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "one-life-speaks";

export function oneLifeSpeaks(): Invariant {
  const speaking = new Map<string, number>();
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "sound") return;
      const { turn, connection, by } = happening;
      const name = `${turn} ${connection}`;
      const before = speaking.get(name) ?? by;
      demand(before === by, NAME, () => `${turn} was spoken by ${before} and then by ${by}, by the same connection`);
      speaking.set(name, by);
    },
  };
}
