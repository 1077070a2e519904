/** No mailbox holds more than its bound, but for the one message that a crash has put back. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "mailboxes-are-bounded";

export function mailboxesAreBounded(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "mailbox") return;
      const { actor, depth, capacity } = happening;
      demand(depth <= capacity + 1, NAME, () => `${depth} messages wait for ${actor}, which has room for ${capacity}`);
    },
  };
}
