/** Once faults have ended, every receptionist lists what lives on any host, once. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "live-services-are-listed";

export function liveServicesAreListed(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "services-listed") return;
      const { by, what, listed, live } = happening;
      const missing = live.filter((each) => !listed.includes(each));
      demand(missing.length === 0, NAME, () => `${what} on ${by} lacks ${missing.join(", ")}`);
      demand(new Set(listed).size === listed.length, NAME, () => `${what} on ${by} has something twice`);
    },
  };
}
