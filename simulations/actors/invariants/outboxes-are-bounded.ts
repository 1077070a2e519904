/** No more messages wait for another host's answer than may. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "outboxes-are-bounded";

export function outboxesAreBounded(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "outbox") return;
      const { host, peer, size, max } = happening;
      demand(size <= max, NAME, () => `${size} messages of ${host} wait for ${peer}, of at most ${max}`);
    },
  };
}
