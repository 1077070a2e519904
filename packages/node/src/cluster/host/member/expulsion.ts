/** Whoever is to be revoked gives up its vote first: once it is shut out nobody can ask it for one. */
import { PeerError } from "../../../errors.ts";
import { awake, takeVote } from "../../membership/sleep.ts";
import type { Member } from "./member.ts";

const LOOK_MS = 25;

/**
 * Settles when the others can decide without `peer`.
 * @throws PeerError `no-quorum` when they cannot, and nothing has changed
 */
export async function disarm(
  member: Member,
  peer: string,
  { timeoutMs }: { readonly timeoutMs: number },
): Promise<void> {
  if (!votes(member, peer)) return;
  const { shared } = member;
  const submitted = await shared.submit(takeVote(peer), { timeoutMs });
  if (submitted.outcome !== "done") throw noQuorum(submitted.detail);
  const untilMs = performance.now() + timeoutMs;
  while (votes(member, peer) && performance.now() < untilMs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
  if (canDecideWithout(member, peer)) return;
  await shared.submit(awake(peer), { timeoutMs });
  throw noQuorum("too few of the others that vote are there to decide without it");
}

function votes(member: Member, peer: string): boolean {
  return votersOf(member).includes(peer);
}

/** It may hold its vote back, or be gone: that does no harm while most of the voters are others, and there. */
function canDecideWithout(member: Member, peer: string): boolean {
  const voters = votersOf(member);
  const there = voters.filter(
    (voter) => voter !== peer && (voter === member.roster.self || member.links.current(voter) !== undefined),
  );
  return there.length * 2 > voters.length;
}

function votersOf({ agreement, roster }: Member): readonly string[] {
  const { voters, votersOutgoing } = agreement.consensus.node.status().confState;
  return [...new Set([...voters, ...votersOutgoing])].map((node) => roster.peerOf(node) ?? `number ${node}`);
}

function noQuorum(why: string): PeerError {
  return new PeerError("no-quorum", `the cluster cannot do without that peer's vote yet: ${why}`, {
    nextStep: "Bring the others back, see who votes: parley status; then try again.",
  });
}
