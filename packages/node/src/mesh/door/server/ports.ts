/** What the door asks of the cluster behind it, and what it tells. */
import type { About, Application, ProofWanted } from "../protocol/messages.ts";

/** A newcomer: what it says of itself, and the peer id that its connection has proven. */
export interface Newcomer extends Application {
  readonly peerId: string;
}

/** How a newcomer has shown that it may come. */
export type AdmittedBy = "code" | "secret" | "approval";

/** The cluster, as the door sees it. */
export interface DoorCluster {
  /** What everybody may see. The door adds the state of pairing. */
  readonly about: () => Omit<About, "pairing">;
  /**
   * Lets a newcomer in: proposes it to the cluster. For a peer that is a member already it gives the same answer again, so that
   * asking twice is safe.
   * @returns what the newcomer needs, in the cluster's own encoding, at most `MAX_WELCOME_BYTES`
   * @throws PeerError `admission-refused` when it is not let in, and any other when that is not known
   */
  readonly admit: (newcomer: Newcomer, by: AdmittedBy, signal: AbortSignal) => Promise<Uint8Array>;
  readonly isMember: (peerId: string) => boolean;
  /** The cluster that has revoked that peer, as far as is known here. */
  readonly revokedBy: (peerId: string) => string | undefined;
  /** The cluster that that peer has left, and its number there, as far as is known here. */
  readonly leftFrom: (peerId: string) => { readonly cluster: string; readonly node: number } | undefined;
  /** What `admit` gave, for a member that has lost it; with `proof` such that it can tell that it is the cluster's. */
  readonly welcomeAgain: (peerId: string, signal: AbortSignal, proof?: ProofWanted) => Promise<Uint8Array>;
  /** False while nobody is let in by secret: a founder that is still alone looks for others first (DECISIONS 10). */
  readonly admitsBySecret: () => boolean;
}

/** A peer that waits for a person's approval. */
export interface WaitingPeer {
  readonly peerId: string;
  readonly name: string;
  /** To be compared with what the newcomer shows. */
  readonly fingerprint: string;
  readonly version: string;
  readonly address: string | undefined;
  /** On the door's clock. */
  readonly sinceMs: number;
}

/** What happens at the door, for logs and consoles. Never holds a code or secret. */
export type DoorEvent =
  | { readonly type: "waiting" | "left"; readonly peer: WaitingPeer }
  | { readonly type: "window-closed"; readonly why: "expired" | "too-many-failures" | "used" | "closed" }
  /** Somebody said hello, and where it says that it listens itself; the host is the one that it called from. */
  | { readonly type: "visited"; readonly peerId: string; readonly host: string; readonly port: number }
  | { readonly type: "proof-failed"; readonly peerId: string; readonly method: "code" | "secret" }
  | { readonly type: "admitted"; readonly peerId: string; readonly name: string; readonly by: AdmittedBy };
