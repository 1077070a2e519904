/** What a member tells of its cluster: to people, and to the explanation of its state. */
import type { NodeStatus } from "@parley/raft";
import { fingerprintOf } from "../../mesh/door/code/fingerprint.ts";
import type { DepartedPeer, PeerReport, RevocationReport } from "../face.ts";
import { departuresIn } from "../membership/departures.ts";
import { isAsleep, isDraining, isExpelled, isLeaving } from "../membership/sleep.ts";
import type { ClusterState } from "../state/model.ts";
import type { MemberFacts, OutboxFacts, PeerFacts } from "../status/facts.ts";
import type { Member } from "./member/member.ts";

/** All members, by the order of their admission. */
export function peersOf(member: Member, ownAddresses: readonly string[]): readonly PeerReport[] {
  const { roster, shared, links, life, agreement } = member;
  const { leader } = shared.consensus.leadership.current();
  const { confState } = agreement.consensus.node.status();
  const voters = new Set(confState.voters);
  const learners = new Set([...confState.learners, ...confState.learnersNext]);
  return [...roster.members.values()]
    .toSorted((a, b) => a.node - b.node)
    .map(({ peer, node, name, addresses }) => {
      const isSelf = peer === roster.self;
      const record = shared.now.records.get(peer);
      return {
        peerId: peer,
        nodeId: node,
        name,
        role: voters.has(node) ? "voter" : learners.has(node) ? "learner" : "joining",
        isPrime: peer === leader,
        isSelf,
        isOnline: isSelf || links.current(peer) !== undefined,
        isDraining: isDraining(shared.now, peer),
        lastSeenMs: isSelf ? Date.now() : life.lastSeenMs(peer),
        roundTripMs: links.roundTripMs(peer),
        addresses: isSelf ? ownAddresses : addresses,
        host: record?.host,
        version: record?.version,
        platform: record?.platform,
        roles: record?.roles ?? [],
        hardware: record?.hardware ?? [],
        models: record?.models ?? [],
        languages: record?.languages ?? [],
        voices: record?.voices ?? [],
      };
    });
}

/** Who belonged, the latest first; at the end those of whom it is not known when. */
export function departedFrom(state: ClusterState): readonly DepartedPeer[] {
  const words = new Map(departuresIn(state).map((departure) => [departure.peer, departure]));
  const left = [...state.left.keys()].map((peer) => {
    const { name, atMs } = words.get(peer) ?? {};
    return { peerId: peer, fingerprint: fingerprintOf(peer), name, how: "left", atMs, by: undefined } as const;
  });
  const revoked = [...state.revoked.values()].map(({ peer, name, by, revokedMs }) => {
    const revoker = (state.members.get(by) ?? state.revoked.get(by) ?? words.get(by))?.name ?? by;
    return {
      peerId: peer,
      fingerprint: fingerprintOf(peer),
      name,
      how: "revoked",
      atMs: revokedMs,
      by: revoker,
    } as const;
  });
  return [...left, ...revoked].toSorted((one, other) => (other.atMs ?? 0) - (one.atMs ?? 0));
}

/** What the explanation of a member's state goes by. */
export function factsOf(member: Member): MemberFacts {
  const { roster, shared, agreement } = member;
  const status = agreement.consensus.node.status();
  const { voters, votersOutgoing, learners, learnersNext } = status.confState;
  const peersOfNodes = (nodes: readonly number[]): readonly string[] =>
    nodes.map((node) => roster.peerOf(node) ?? `number ${node}`);
  const { leader, term } = shared.consensus.leadership.current();
  return {
    belonging: "member",
    self: roster.self,
    cluster: roster.cluster,
    peers: [...roster.members.values()].map(({ peer, node, name }) => peerFacts(member, status, { peer, node, name })),
    consensus: {
      term,
      prime: leader,
      voters: peersOfNodes(voters),
      votersBefore: peersOfNodes(votersOutgoing),
      learners: peersOfNodes([...learners, ...learnersNext]),
      isInDoubt: status.log.state === "doubtful",
      waiting: status.waiting.proposals,
    },
    twinKnownBy: member.links.status().flatMap(({ peer, hasOwnTwin }) => (hasOwnTwin ? [nameOf(member, peer)] : [])),
    accusers: member.shutOut.accusers.map((peer) => nameOf(member, peer)),
    movedOn: member.shutOut.movedOn.map(({ peer, cluster }) => ({ peer, name: nameOf(member, peer), cluster })),
    outbox: outboxOf(member),
    revocations: [...shared.now.revoked.values()].map((revoked) => {
      const missing = notYetAppliedBy(member, revoked.acknowledged);
      return { name: revoked.name, notYetAppliedBy: missing.map((peer) => nameOf(member, peer)) };
    }),
  };
}

function outboxOf({ outbox }: Member): OutboxFacts | undefined {
  const { count, bytes, oldestAtMs } = outbox.load;
  if (count === 0) return undefined;
  return { waiting: count, bytes, oldestMs: Math.max(0, Date.now() - (oldestAtMs ?? Date.now())) };
}

/** How far a revocation has come; peers by id. */
export function revocationOf(member: Member, peer: string): RevocationReport | undefined {
  const revoked = member.shared.now.revoked.get(peer);
  if (revoked === undefined) return undefined;
  const { name, acknowledged } = revoked;
  return { peerId: peer, name, appliedBy: acknowledged, notYetAppliedBy: notYetAppliedBy(member, acknowledged) };
}

function notYetAppliedBy({ roster }: Member, acknowledged: readonly string[]): readonly string[] {
  return [...roster.members.keys()].filter((peer) => !acknowledged.includes(peer));
}

function nameOf({ roster }: Member, peer: string): string {
  return roster.members.get(peer)?.name ?? peer;
}

function peerFacts(
  { roster, links, life, shared }: Member,
  status: NodeStatus,
  { peer, node, name }: { readonly peer: string; readonly node: number; readonly name: string },
): PeerFacts {
  const isOnline = peer === roster.self || links.current(peer) !== undefined;
  const lastSeenMs = life.lastSeenMs(peer);
  return {
    peer,
    name,
    isOnline,
    isAsleep: isAsleep(shared.now, peer),
    isDraining: isDraining(shared.now, peer),
    losesVoteBy: isExpelled(shared.now, peer) ? "revocation" : isLeaving(shared.now, peer) ? "leaving" : undefined,
    lag: peer === roster.self && status.role === "leader" ? 0 : status.peers.get(node)?.lag,
    twinAt: links.status().find((link) => link.peer === peer)?.twinAt,
    silentMs: isOnline || lastSeenMs === undefined ? undefined : Math.max(0, Date.now() - lastSeenMs),
  };
}
