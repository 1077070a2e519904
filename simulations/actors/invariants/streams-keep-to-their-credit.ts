/** What waits in a stream, between its source and its reader, is within what the reader has room for. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "streams-keep-to-their-credit";

export function streamsKeepToTheirCredit(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "item-produced") return;
      const { stream, produced, read, window } = happening;
      // One more may be with the reader, who has not looked at it yet.
      const isWithin = produced - read <= window + 1;
      demand(isWithin, NAME, () => `${produced - read} items wait in ${stream}, which has room for ${window}`);
    },
  };
}
