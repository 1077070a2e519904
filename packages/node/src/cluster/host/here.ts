/** Where this peer stands now. Changed by who found, enters and leaves, one after the other (`seeker.inTurn`). */
import { PeerError } from "../../errors.ts";
import type { ClusterRecord } from "./home/cluster-home.ts";
import type { Member } from "./member/member.ts";
import type { Roster } from "./member/roster.ts";

export class Here {
  /** What was written down of the cluster that it belongs to, or did. */
  record: ClusterRecord | undefined;
  roster: Roster | undefined;
  /** While it takes part. */
  member: Member | undefined;
  /** It goes elsewhere, or away: it takes in nobody. */
  isMoving = false;

  /** @throws PeerError `not-member` */
  belongs(): Member {
    if (this.member !== undefined) return this.member;
    throw notMember("this peer belongs to no cluster now");
  }
}

export function notMember(why: string): PeerError {
  return new PeerError("not-member", why, { nextStep: "See what it waits for: parley status." });
}
