/** Where a revocation was applied nothing more of that peer is accepted, but that it asks at the door how it stands. */
import { demand } from "../../kit/violation.ts";
import type { Invariant } from "../chronicle.ts";

const NAME = "the-revoked-stay-out";
export const DOOR = "/parley/door/1";

export function theRevokedStayOut(): Invariant {
  return {
    name: NAME,
    see(happening) {
      if (happening.type === "replica") {
        const { life, state } = happening.replica;
        if (state.members === happening.before?.members && state.revoked === happening.before.revoked) return;
        const both = [...state.revoked.keys()].find((peer) => state.members.has(peer));
        demand(both === undefined, NAME, () => `${life} has ${both} revoked, and among the members`);
      }
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
