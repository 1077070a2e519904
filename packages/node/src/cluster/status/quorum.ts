/** Whether enough voters are there, who is missing, and how many of those it takes. */
import type { MemberFacts, PeerFacts } from "./facts.ts";

export interface QuorumExplanation {
  readonly voters: number;
  /** So many must be there. While the voters change, of the new ones; the old ones' majority is needed as well. */
  readonly needed: number;
  readonly online: number;
  readonly isThere: boolean;
  /** How many voters more may fail, from now on, whichever they are. */
  readonly mayFail: number;
  /** Names of voters that are not there. */
  readonly missing: readonly string[];
}

/** A majority that is asked. */
interface Half {
  readonly needed: number;
  readonly online: readonly PeerFacts[];
  readonly missing: readonly PeerFacts[];
}

export function explainQuorum(facts: MemberFacts): QuorumExplanation {
  const halves = halvesOf(facts);
  const [now] = halves;
  const missing = new Set(halves.flatMap((half) => half.missing.map(({ name }) => name)));
  return {
    voters: facts.consensus.voters.length,
    needed: now?.needed ?? 0,
    online: now?.online.length ?? 0,
    isThere: halves.every(({ online, needed }) => online.length >= needed),
    // Of nobody at all, nobody may fail: a newcomer does not know yet who votes.
    mayFail: halves.length === 0 ? 0 : Math.max(0, Math.min(...halves.map(spareOf))),
    missing: [...missing],
  };
}

function spareOf({ online, needed }: Half): number {
  return online.length - needed;
}

/** What would bring the quorum back: of each group, so many. Empty while it is there. */
export function whatItTakes(
  facts: MemberFacts,
): readonly { readonly count: number; readonly of: readonly PeerFacts[] }[] {
  return halvesOf(facts)
    .filter(({ online, needed }) => online.length < needed)
    .map(({ online, needed, missing }) => ({ count: needed - online.length, of: missing }));
}

function halvesOf({ consensus, peers, self }: MemberFacts): readonly Half[] {
  const known = new Map(peers.map((each) => [each.peer, each]));
  return [consensus.voters, consensus.votersBefore]
    .filter((voters) => voters.length > 0)
    .map((voters) => {
      const all = voters.map((peer) => known.get(peer) ?? unknownPeer(peer));
      const isThere = ({ peer, isOnline }: PeerFacts): boolean => (peer === self ? !consensus.isInDoubt : isOnline);
      return {
        needed: Math.floor(voters.length / 2) + 1,
        online: all.filter(isThere),
        missing: all.filter((each) => !isThere(each)),
      };
    });
}

function unknownPeer(peer: string): PeerFacts {
  return { peer, name: peer, isOnline: false, isAsleep: false, lag: undefined, silentMs: undefined };
}
