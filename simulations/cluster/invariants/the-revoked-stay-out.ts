/** Where a revocation was applied nothing more of that peer is accepted, but that it asks at the door how it stands. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "the-revoked-stay-out";
export const DOOR = "/parley/door/1";

export function theRevokedStayOut(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type !== "accepted") return;
      const { life, peer, what, hasRevoked } = happening;
      demand(
        !hasRevoked || what === DOOR,
        NAME,
        () => `${life} has applied that ${peer} is revoked, and accepts ${what} of it`,
      );
    },
  };
}
