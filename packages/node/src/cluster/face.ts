/** A peer's part in its cluster, as the gateway, commands and services see it. `host/` makes one. */
import type { ActorSystem } from "@parley/actors";
import type { Consensus } from "./consensus/port.ts";
import type { SharedState } from "./consensus/shared-state.ts";
import type { Hindrance } from "../mesh/host/hindrance.ts";
import type { Journals } from "./journal/port.ts";
import type { Later } from "./outbox/outbox.ts";

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
  /** It belonged, and was told to leave … */
  | "left"
  /** … or was revoked: until it belongs again, also while it waits beside another cluster. */
  | "revoked";

/** What a person types on the newcomer. */
export interface PairingWindow {
  /** As `XXXX-XXXX`. */
  readonly code: string;
  /** Epoch, as all times on this page. */
  readonly expiresAtMs: number;
  readonly triesLeft: number;
  /** What the QR code holds; a `parley:` URI. */
  readonly uri: string;
}

/** Why a window lets nobody in any more. */
export type PairingEnd = "expired" | "too-many-failures" | "used" | "closed";

/** Somebody whose name people may take for another's. */
export interface Namesake {
  readonly peerId: string;
  readonly name: string;
  readonly fingerprint: string;
  /** It belongs to the cluster; else it waits as well. */
  readonly isMember: boolean;
}

/** A newcomer that knocks. */
export interface WaitingPeer {
  readonly peerId: string;
  readonly name: string;
  /** Short and readable; the newcomer shows the same. */
  readonly fingerprint: string;
  readonly sinceMs: number;
  /** Members and others who wait that are called alike: it may not be who its name says. */
  readonly namesakes: readonly Namesake[];
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
  /** A person there has approved this peer, and this peer's own person has yet to say that it wants in (`join`). */
  readonly hasApproved: boolean;
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
  /** It has said that it drains: others do what it did. Default: it does not. */
  readonly isDraining?: boolean;
  /** When it was last heard of; undefined: never in this life of the peer. */
  readonly lastSeenMs: number | undefined;
  readonly roundTripMs: number | undefined;
  readonly addresses: readonly string[];
  /** From here on as it has told the cluster itself; undefined and empty until it has. */
  readonly host: string | undefined;
  readonly version: string | undefined;
  readonly platform: string | undefined;
  readonly roles: readonly string[];
  readonly hardware: readonly string[];
  readonly models: readonly string[];
  readonly languages: readonly string[];
  readonly voices: readonly string[];
}

/** Who belonged, and does not now. */
export interface DepartedPeer {
  readonly peerId: string;
  readonly fingerprint: string;
  /** Undefined where it has left no word. */
  readonly name: string | undefined;
  readonly how: "left" | "revoked";
  /** By the clock of who said so. */
  readonly atMs: number | undefined;
  /** Of a revoked one: the name, or the peer id, of whose person did it. */
  readonly by: string | undefined;
}

/** What `parley revoke` says (revocation takes effect wherever it has been applied). */
export interface RevocationReport {
  readonly peerId: string;
  readonly name: string;
  readonly appliedBy: readonly string[];
  readonly notYetAppliedBy: readonly string[];
}

export interface LeaveOptions {
  /** Also when the others cannot agree to it. Default false. */
  readonly isForced?: boolean;
}

/** What `parley leave` says. */
export interface LeaveReport {
  /** False when it was forced: the others count this peer, and its vote, until one of them revokes it or it is let in again. */
  readonly isAgreed: boolean;
  /** Writes that waited to be delivered, and never will be. */
  readonly dropped: number;
}

export interface Cluster {
  readonly belonging: Belonging;
  readonly peerId: string;
  readonly clusterId: string | undefined;
  /** For people and programs; see `status/`. */
  status(): ClusterStatus;
  peers(): readonly PeerReport[];
  /** Who belonged and left or was revoked, the latest first: as many as the cluster remembers. */
  departed(): readonly DepartedPeer[];
  /** Newcomers that knock at this peer. */
  waiting(): readonly WaitingPeer[];
  /** Clusters that this peer has met and does not belong to. */
  met(): readonly MetCluster[];
  /** Opens a window, or shows the one that is open. @throws PeerError `not-member`, `no-quorum`. */
  openPairing(): Promise<PairingWindow>;
  closePairing(): void;
  /** The window that is open now. */
  readonly pairing: PairingWindow | undefined;
  /** Why the last one closed; undefined while one is open, and before the first. */
  readonly pairingEnd: PairingEnd | undefined;
  /**
   * Lets in who knocks, by fingerprint or by a name that nobody else has. Settles when it is in, for which its own person has to agree: five minutes.
   * @throws PeerError `no-such-peer`, `usage` for a name that others have too, `no-quorum`, `interrupted` when its person does
   *   not want.
   */
  approve(who: string): Promise<PeerReport>;
  /**
   * Joins. Without `address`, the cluster that it waits beside. By code: settles when it is in, or with what kept it out. By
   * fingerprint: settles when it is in, which takes until a person there approves, or `signal` ends it; from then on the
   * fingerprint counts no more.
   * @throws PeerError `pairing-failed`, `unreachable`, `already-member`, `no-cluster-found`, the reason of `signal`.
   */
  join(request: JoinRequest): Promise<void>;
  /** @throws PeerError `no-such-peer`, `no-quorum`. */
  revoke(who: string): Promise<RevocationReport>;
  /**
   * Leaves for good: leadership and shards are handed over first. Forced, also when the others cannot agree to it.
   * @throws PeerError `no-quorum` unless it is forced; then it stays. `not-member`.
   */
  leave(options?: LeaveOptions): Promise<LeaveReport>;
  /**
   * The last resort, when a majority of the voters is gone for good: this peer goes on alone with what it has. What the others
   * agreed on without it is lost, and each of them must be paired anew. Absent where that cannot be done.
   * @throws PeerError `not-member`; `usage` while the quorum is there.
   */
  recover?(): Promise<void>;
  /**
   * The peer that keeps a client's affairs, by the hash of the client's id; the same asked at any peer.
   * @throws PeerError `not-member`; ActorError when nobody answers in time.
   */
  homeOf?(client: string): Promise<string>;
  /** Only while it belongs. */
  readonly consensus: Consensus | undefined;
  /** The replicated state, to be read and changed; only while it belongs. */
  readonly shared?: SharedState | undefined;
  /** What is written once the cluster can agree on it, however long that takes; only while it belongs. */
  readonly later?: Later | undefined;
  readonly actors: ActorSystem | undefined;
  /** What sessions write down for whoever goes on with them; only while it belongs. */
  readonly journals?: Journals | undefined;
  /** For how long nothing has come from a peer that this one is linked with, a heartbeat at least; undefined where there is no link. */
  silenceMs?(peer: string): number | undefined;
  /** How it hands over what it does for the cluster, and stays; only while it belongs. */
  readonly draining?: MemberDraining | undefined;
  /** From now on its way to all other peers is as bad as that; absent where that cannot be done. For `parley chaos` alone. */
  hinder?(hindrance: Hindrance): void;
  /** What all members know and nobody else; only while it belongs. */
  readonly secrets?: Secrets | undefined;
  /** Calls `changed` after anything above has changed, not from within; must not throw. The result ends that. */
  onChange(changed: () => void): () => void;
  /** Stops; stays a member. May be called twice. */
  close(): Promise<void>;
}

/** A member that stays one, and does nothing more for its cluster for a while. */
export interface MemberDraining {
  readonly isPrime: boolean;
  readonly isVoter: boolean;
  /**
   * Gives leadership and vote away, and takes neither until {@link stay}, which the others are told. Settles when it has, or the time
   * is up; never rejects.
   */
  giveUpLeading(options: { readonly timeoutMs: number }): Promise<void>;
  /** Clients are at home elsewhere from now on. @throws ActorError as `Sharding.drain` of @parley/actors */
  giveAway(options: { readonly timeoutMs: number }): Promise<void>;
  /** It takes part as before. Does nothing where it does so already. */
  stay(): void;
}

/** What all members know and nobody else. */
export interface Secrets {
  /** As far as it is known here; undefined: there is none. */
  find(name: string): FoundSecret | undefined;
  /**
   * Puts another in the place of that of `revision`; 0: of none. It is sealed to all who belong, and to each who comes.
   * False: somebody was faster. @throws PeerError `no-quorum`
   */
  replace(name: string, secret: Secret, revision: number): Promise<boolean>;
  /** Calls `changed` when another counts, it is sealed to others, or to this peer. The result ends that. */
  watch(name: string, changed: () => void): () => void;
}

export interface Secret {
  /** What everybody may know of it, bound to it. */
  readonly about: Uint8Array;
  readonly secret: Uint8Array;
}

export interface FoundSecret {
  readonly about: Uint8Array;
  /** Undefined until it is sealed to this peer. */
  readonly secret: Uint8Array | undefined;
  /** Somebody who was revoked knows it. */
  readonly isExposed: boolean;
  /** It was sealed to others than one. */
  readonly isShared: boolean;
  readonly revision: number;
}

export interface JoinRequest {
  /** The code that a member shows, in any writing; or a member's fingerprint, which this peer's own person has compared. */
  readonly proof: { readonly code: string } | { readonly fingerprint: string };
  /** `host:port` or a multiaddr, with or without the peer id. */
  readonly address?: string;
  readonly signal: AbortSignal;
}

/** Of `status/`. */
export type ClusterStatus = Readonly<Record<string, unknown>>;
