/** A region holds no more messages than it may: those that wait for an owner, and those that an owner has not answered. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "regions-are-bounded";

export function regionsAreBounded(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "region") return;
      const { host, holds, max } = happening;
      demand(holds <= max, NAME, () => `the region of ${host} holds ${holds} messages, and may hold ${max}`);
    },
  };
}
