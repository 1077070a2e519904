/** Once faults have ended, no receptionist lists what is no more: ended services, or those of a host's dead life. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "dead-services-are-not-listed";

export function deadServicesAreNotListed(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "services-listed") return;
      const { by, what, listed, live } = happening;
      const dead = listed.filter((each) => !live.includes(each));
      demand(dead.length === 0, NAME, () => `${what} on ${by} has ${dead.join(", ")}, which is no more`);
    },
  };
}
