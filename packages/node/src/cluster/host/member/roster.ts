/**
 * Who belongs, as far as this peer knows: from the replicated state, and from what was written down while that is behind it.
 * Everything that lets somebody in asks here.
 */
import type { NodeId } from "@parley/raft";
import type { RaftDirectory } from "../../../mesh/transports/raft/directory.ts";
import type { Standing } from "../../../mesh/host/standing.ts";
import { EMPTY_STATE, type ClusterState } from "../../state/model.ts";
import type { ClusterRecord, KnownMember } from "../home/cluster-home.ts";

export class Roster implements RaftDirectory {
  readonly self: string;
  #last: ClusterRecord;
  #stateOf: () => ClusterState = () => EMPTY_STATE;
  #seen: ClusterState | undefined;
  #isCurrent = false;
  #members: ReadonlyMap<string, KnownMember> = new Map();
  #peers: ReadonlyMap<NodeId, string> = new Map();
  /** Left, and still needed by the others: see departures.ts. */
  readonly #departing = new Map<string, NodeId>();

  constructor(self: string, last: ClusterRecord) {
    this.self = self;
    this.#last = last;
    this.#rebuild(EMPTY_STATE);
  }

  /** From now on `stateOf` tells, once it is as new as what was written down. */
  follow(stateOf: () => ClusterState): void {
    this.#stateOf = stateOf;
  }

  get cluster(): string {
    return this.#last.cluster;
  }

  get node(): NodeId {
    return this.#last.node;
  }

  /** False while the replicated state here is older than what this peer knew before. */
  get isCurrent(): boolean {
    this.#look();
    return this.#isCurrent;
  }

  /** By peer id, this peer as well. */
  get members(): ReadonlyMap<string, KnownMember> {
    this.#look();
    return this.#members;
  }

  standingOf(peer: string): Standing {
    this.#look();
    const state = this.#stateOf();
    // For ever: also if an older state, or an older file, does not know of it.
    if (state.revoked.has(peer) || this.#last.revoked.includes(peer)) return "revoked";
    return this.#members.has(peer) || this.#departing.has(peer) ? "member" : "stranger";
  }

  peerOf(node: NodeId): string | undefined {
    this.#look();
    return this.#peers.get(node) ?? this.#departingPeer(node);
  }

  nodeOf(peer: string): NodeId | undefined {
    this.#look();
    return this.#members.get(peer)?.node ?? this.#departing.get(peer);
  }

  /** A member that left may still talk: the others need its vote until it votes no more. */
  letLinger(peer: string, node: NodeId): void {
    this.#departing.set(peer, node);
  }

  endLingering(peer: string): void {
    this.#departing.delete(peer);
  }

  /** What is worth writing down now. */
  record(standing: ClusterRecord["standing"]): ClusterRecord {
    this.#look();
    const revoked = new Set([...this.#last.revoked, ...this.#stateOf().revoked.keys()]);
    const index = this.#isCurrent ? this.#stateOf().index : this.#last.index;
    const { cluster, node } = this.#last;
    const members = [...this.#members.values()];
    return { format: 1, standing, cluster, node, index, members, revoked: [...revoked] };
  }

  /** Sets what counts while the state is behind it. */
  remember(record: ClusterRecord): void {
    this.#last = record;
    this.#seen = undefined;
  }

  #look(): void {
    const state = this.#stateOf();
    const seen = this.#seen;
    if (seen === state) return;
    const isCurrent = state.id === this.#last.cluster && state.index >= this.#last.index;
    const isSame = seen !== undefined && seen.members === state.members && seen.records === state.records;
    if (isSame && isCurrent === this.#isCurrent) {
      this.#seen = state;
      return;
    }
    this.#isCurrent = isCurrent;
    this.#rebuild(state);
  }

  #rebuild(state: ClusterState): void {
    this.#seen = state;
    const before = new Map(this.#last.members.map((member) => [member.peer, member]));
    this.#members = this.#isCurrent
      ? new Map(
          [...state.members.values()].map(({ peer, node, name }) => {
            const addresses = state.records.get(peer)?.addresses ?? before.get(peer)?.addresses ?? [];
            return [peer, { peer, node, name, addresses }];
          }),
        )
      : before;
    this.#peers = new Map([...this.#members.values()].map(({ node, peer }) => [node, peer]));
  }

  #departingPeer(node: NodeId): string | undefined {
    for (const [peer, departed] of this.#departing) if (departed === node) return peer;
    return undefined;
  }
}
