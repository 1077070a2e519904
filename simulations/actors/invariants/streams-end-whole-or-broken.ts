/** A stream that ends as complete has given all its items; and none breaks to which, and around which, nothing has happened. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "streams-end-whole-or-broken";

export function streamsEndWholeOrBroken(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "stream-ended") return;
      const { stream, outcome, text, read, length, mayBreak } = happening;
      if (outcome === "complete") {
        demand(read === length, NAME, () => `${stream} ended as complete after ${read} of ${length} items`);
      }
      const isBroken = outcome === "stream-broken" || outcome === "stream-timeout";
      demand(!isBroken || mayBreak, NAME, () => `${stream} broke though nothing had happened: ${text}`);
    },
  };
}
