/** Who belongs, and the mesh's identity: founding, admitting, leaving, revoking, keys, and versions of the commands. */
import { done } from "./codec.ts";
import { LIMITS } from "./limits.ts";
import { linksOf, type ClusterState, type Member } from "./model.ts";
import { Ordered } from "./ordered.ts";
import type { CommandOf } from "./schemas.ts";
import { refuse, staleTerm, type LogPosition, type Step } from "./step.ts";

export function found(state: ClusterState, { cluster, member, meshKey }: CommandOf<"found">): Step {
  if (state.id !== undefined) return refuse(state, "already-founded", `the cluster ${state.id} is founded already`);
  const { publicKey, signature, box } = meshKey;
  const node = state.nextNode;
  return {
    state: {
      ...state,
      id: cluster,
      nextNode: node + 1,
      members: state.members.with(member.peer, { ...member, node }),
      meshKey: { generation: 1, publicKey, signature, earlier: [], sealed: Ordered.from([[member.peer, box]]) },
    },
    result: done(node),
  };
}

/** A peer that belongs already gets its number again: it may have missed the answer. */
export function admit(state: ClusterState, { member, generation, box }: CommandOf<"admit">): Step {
  const { meshKey, members, version } = state;
  const known = members.get(member.peer);
  if (known !== undefined) return { state, result: done(known.node) };
  if (state.revoked.has(member.peer)) return refuse(state, "revoked", `${member.peer} was revoked`);
  if (member.knows < version) {
    return refuse(state, "too-old", `version ${version} is in force, and ${member.name} knows ${member.knows}`);
  }
  if (meshKey?.generation !== generation) {
    return refuse(state, "mismatch", `the mesh key is of generation ${meshKey?.generation ?? 0} by now`);
  }
  if (members.size >= LIMITS.members) return refuse(state, "full", `a cluster has ${LIMITS.members} members at most`);
  const node = state.nextNode;
  return {
    state: {
      ...state,
      nextNode: node + 1,
      members: members.with(member.peer, { ...member, node }),
      left: state.left.without(member.peer),
      meshKey: { ...meshKey, sealed: meshKey.sealed.with(member.peer, box) },
    },
    result: done(node),
  };
}

export function leave(state: ClusterState, { peer }: CommandOf<"leave">): Step {
  const member = state.members.get(peer);
  if (member === undefined) return notAMember(state, peer);
  if (state.members.size === 1) return refuse(state, "last-member", "the last member cannot leave: end the cluster");
  const left = withoutOldest(state.left).with(peer, member.node);
  return { state: { ...withoutMember(state, peer), left }, result: done() };
}

export function revoke(state: ClusterState, { peer, by, atMs }: CommandOf<"revoke">): Step {
  // Twice is as good as once.
  if (state.revoked.has(peer)) return { state, result: done() };
  const member = state.members.get(peer);
  if (member === undefined) return notAMember(state, peer);
  if (!state.members.has(by)) return notAMember(state, by);
  if (state.members.size === 1) return refuse(state, "last-member", "the last member cannot be revoked");
  if (state.revoked.size >= LIMITS.revoked) {
    return refuse(state, "full", `${LIMITS.revoked} peers were revoked already: found a new cluster`);
  }
  const { node, name } = member;
  const entry = { peer, node, name, by, revokedMs: atMs, acknowledged: [] };
  return { state: { ...withoutMember(state, peer), revoked: state.revoked.with(peer, entry) }, result: done() };
}

/** Member `by` says that it refuses the revoked peer. */
export function acknowledge(state: ClusterState, { peer, by }: CommandOf<"acknowledge">): Step {
  const entry = state.revoked.get(peer);
  if (entry === undefined) return refuse(state, "mismatch", `${peer} is not revoked`);
  if (!state.members.has(by)) return notAMember(state, by);
  if (entry.acknowledged.includes(by)) return { state, result: done() };
  const acknowledged = [...entry.acknowledged, by].sort();
  return { state: { ...state, revoked: state.revoked.with(peer, { ...entry, acknowledged }) }, result: done() };
}

/** A new mesh key, sealed to every member and to nobody else. */
export function rotate(state: ClusterState, command: CommandOf<"rotate">, at: LogPosition): Step {
  const { generation, publicKey, signature, boxes } = command;
  const stale = staleTerm(command.term, at);
  if (stale !== undefined) return refuse(state, "stale-term", stale);
  const expected = (state.meshKey?.generation ?? 0) + 1;
  if (generation !== expected) return refuse(state, "mismatch", `the next mesh key is of generation ${expected}`);
  const sealed = Ordered.from(boxes);
  const isForAll = sealed.size === state.members.size && [...sealed.keys()].every((peer) => state.members.has(peer));
  if (!isForAll || boxes.length !== sealed.size) {
    return refuse(state, "mismatch", "a mesh key is sealed once to every member, and to nobody else");
  }
  const earlier = linksOf(state.meshKey).slice(-LIMITS.keyLinks);
  return {
    state: { ...state, meshKey: { generation, publicKey, signature, earlier, sealed } },
    result: done(generation),
  };
}

/** What a member says of itself; it may have new software. */
export function describe(state: ClusterState, { peer, knows, record }: CommandOf<"describe">): Step {
  const member = state.members.get(peer);
  if (member === undefined) return notAMember(state, peer);
  if (knows < state.version) {
    return refuse(state, "too-old", `version ${state.version} is in force, and ${member.name} knows ${knows}`);
  }
  const members = member.knows === knows ? state.members : state.members.with(peer, { ...member, knows });
  return { state: { ...state, members, records: state.records.with(peer, record) }, result: done() };
}

/**
 * Newer commands come into force once every member knows them, voter or not: a replica that passed over what the others
 * carry out would not be one any more.
 */
export function raiseVersion(state: ClusterState, { to }: CommandOf<"raise-version">): Step {
  if (to <= state.version) return { state, result: done(state.version) };
  const old = [...state.members.values()].filter(({ knows }) => knows < to);
  if (old.length > 0) {
    const names = old.map(({ name }) => name).join(", ");
    return refuse(state, "not-in-force", `version ${to} needs newer software on ${names}`);
  }
  return { state: { ...state, version: to }, result: done(to) };
}

/** Its sealed key stays until the next rotation: it tells that one is due. */
function withoutMember(state: ClusterState, peer: string): ClusterState {
  return {
    ...state,
    members: state.members.without(peer),
    records: state.records.without(peer),
    delivered: state.delivered.without(peer),
  };
}

/** Room for one more. */
function withoutOldest(left: Ordered<number>): Ordered<number> {
  if (left.size < LIMITS.left) return left;
  const [oldest] = [...left.range()].toSorted(([, one], [, other]) => one - other);
  return oldest === undefined ? left : left.without(oldest[0]);
}

function notAMember(state: ClusterState, peer: Member["peer"]): Step {
  return refuse(state, "not-a-member", `${peer} does not belong to the cluster`);
}
