/** A peer's part in its cluster, as the gateway, commands and services see it. `host/` makes one. */
import type { ActorSystem } from "@parley/actors";
import type { Consensus } from "./consensus/port.ts";

/** How far this peer is in belonging to a cluster. */
export type Belonging =
  /** Clustering is off. */
  | "off"
  /** It looks for a cluster. */
  | "looking"
  /** It has found one and waits to be let in; it works by itself meanwhile. */
  | "waiting"
  /** It belongs. */
  | "member"
  /** It belonged, and was told to leave, or was revoked. */
  | "left"
  | "revoked";

/** What a person types on the newcomer. */
export interface PairingWindow {
  /** As `XXXX-XXXX`. */
  readonly code: string;
  readonly expiresAtMs: number;
  readonly triesLeft: number;
  /** What the QR code holds; a `parley:` URI. */
  readonly uri: string;
}

/** A newcomer that knocks. */
export interface WaitingPeer {
  readonly peerId: string;
  readonly name: string;
  /** Short and readable; the newcomer shows the same. */
  readonly fingerprint: string;
  readonly sinceMs: number;
}

/** A cluster that this peer has met at a door. */
export interface MetCluster {
  readonly clusterId: string;
  readonly peerId: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly addresses: readonly string[];
  readonly members: number;
  readonly pairing: "closed" | "open" | "secret";
}

export interface PeerReport {
  readonly peerId: string;
  readonly nodeId: number;
  readonly name: string;
  readonly role: "voter" | "learner" | "joining";
  readonly isPrime: boolean;
  readonly isSelf: boolean;
  /** Whether there is a link with it. */
  readonly isOnline: boolean;
  /** When it was last heard of; undefined: never in this life of the peer. */
  readonly lastSeenMs: number | undefined;
  readonly roundTripMs: number | undefined;
  readonly addresses: readonly string[];
  readonly version: string | undefined;
  readonly platform: string | undefined;
  readonly hardware: readonly string[];
}

/** What `parley revoke` says (revocation takes effect wherever it has been applied). */
export interface RevocationReport {
  readonly peerId: string;
  readonly name: string;
  readonly appliedBy: readonly string[];
  readonly notYetAppliedBy: readonly string[];
}

export interface Cluster {
  readonly belonging: Belonging;
  readonly peerId: string;
  readonly clusterId: string | undefined;
  /** For people and programs; see `status/`. */
  status(): ClusterStatus;
  peers(): readonly PeerReport[];
  /** Newcomers that knock at this peer. */
  waiting(): readonly WaitingPeer[];
  /** Clusters that this peer has met and does not belong to. */
  met(): readonly MetCluster[];
  /** Opens a window, or shows the one that is open. @throws PeerError `not-member`, `no-quorum`. */
  openPairing(): Promise<PairingWindow>;
  closePairing(): void;
  /** Lets in who knocks, by fingerprint or name. @throws PeerError `no-such-peer`, `no-quorum`. */
  approve(who: string): Promise<PeerReport>;
  /**
   * Joins by code. Without `address`, the cluster that it waits beside.
   * @throws PeerError `pairing-failed`, `unreachable`, `already-member`, `no-cluster-found`.
   */
  join(request: JoinRequest): Promise<void>;
  /** @throws PeerError `no-such-peer`, `no-quorum`. */
  revoke(who: string): Promise<RevocationReport>;
  /** Leaves for good: leadership and shards are handed over first. @throws PeerError `no-quorum`. */
  leave(): Promise<void>;
  /** Only while it belongs. */
  readonly consensus: Consensus | undefined;
  readonly actors: ActorSystem | undefined;
  /** Calls `changed` after anything above has changed, not from within; must not throw. The result ends that. */
  onChange(changed: () => void): () => void;
  /** Stops; stays a member. May be called twice. */
  close(): Promise<void>;
}

export interface JoinRequest {
  readonly code: string;
  /** `host:port` or a multiaddr, with or without the peer id. */
  readonly address?: string;
  readonly signal: AbortSignal;
}

/** Of `status/`. */
export type ClusterStatus = Readonly<Record<string, unknown>>;
