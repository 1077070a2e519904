/**
 * Whoever is to be revoked gives up its vote first: once it is shut out nobody can ask it for one. What is left of an expulsion
 * that came to nothing, or whose revoker died in the middle, the prime takes back after a while (duties.ts).
 */
import { PeerError } from "../../../errors.ts";
import type { SharedState } from "../../consensus/shared-state.ts";
import { awake, takeVote } from "../../membership/sleep.ts";
import type { Member } from "./member.ts";

const LOOK_MS = 25;

/** Who decides, as far as it is known here. */
export interface Electorate {
  readonly shared: Pick<SharedState, "submit">;
  /** Peers that vote; while that is being changed, those before as well. */
  voters(): readonly string[];
  isThere(peer: string): boolean;
}

export function electorateOf({ shared, agreement, roster, links }: Member): Electorate {
  return {
    shared,
    voters: () => {
      const { voters, votersOutgoing } = agreement.consensus.node.status().confState;
      return [...new Set([...voters, ...votersOutgoing])].map((node) => roster.peerOf(node) ?? `number ${node}`);
    },
    isThere: (peer) => peer === roster.self || links.current(peer) !== undefined,
  };
}

/**
 * Revokes `peer`, by the person of this one. Settles when that is agreed on.
 * @throws PeerError `no-quorum` when it is not known to be
 */
export async function expel(
  electorate: Electorate,
  { peer, by }: { readonly peer: string; readonly by: string },
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<void> {
  const { shared } = electorate;
  await disarm(electorate, { peer, by }, { timeoutMs });
  const submitted = await shared.submit({ type: "revoke", peer, by, atMs: Date.now() }, { timeoutMs });
  if (submitted.outcome === "done") return;
  // Of what is not known nothing is taken back.
  if (submitted.outcome === "refused") await shared.submit(awake(peer), { timeoutMs });
  throw new PeerError("no-quorum", `the cluster has not revoked it: ${submitted.detail}`, {
    nextStep: "See who belongs and what would restore the quorum: parley status; then try again.",
  });
}

/**
 * Settles when the others can decide without `peer`, and it is not given a vote any more.
 * @throws PeerError `no-quorum` when they cannot; then it keeps its vote, or gets it back
 */
async function disarm(
  electorate: Electorate,
  { peer, by }: { readonly peer: string; readonly by: string },
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<void> {
  const { shared } = electorate;
  // Also of one that does not vote: the prime may be about to give it a vote. A prime that has not carried out the first mark
  // yet may do so still; by the second one it has, and what it did before lies before that.
  for (let mark = 0; mark < 2; mark += 1) {
    const submitted = await shared.submit(takeVote(peer, by), { timeoutMs });
    if (submitted.outcome !== "done") throw noQuorum(submitted.detail);
  }
  const untilMs = performance.now() + timeoutMs;
  while (electorate.voters().includes(peer) && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  if (canDecideWithout(electorate, peer)) return;
  await shared.submit(awake(peer), { timeoutMs });
  throw noQuorum("too few of the others that vote are there to decide without it");
}

/** It may hold its vote back, or be gone: that does no harm while most of the voters are others, and there. */
function canDecideWithout(electorate: Electorate, peer: string): boolean {
  const voters = electorate.voters();
  const there = voters.filter((voter) => voter !== peer && electorate.isThere(voter));
  return there.length * 2 > voters.length;
}

function noQuorum(why: string): PeerError {
  return new PeerError("no-quorum", `the cluster cannot do without that peer's vote yet: ${why}`, {
    nextStep: "Bring the others back, see who votes: parley status; then try again.",
  });
}
