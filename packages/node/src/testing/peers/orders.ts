/** What a peer in a process of its own is told, and what it answers. */
import type { Verdict } from "@parley/audio/converse";
import type { MetCluster, PairingWindow, PeerReport, RevocationReport, WaitingPeer } from "../../cluster/face.ts";
import type { FlagValues } from "../../config/index.ts";
import type { EngineName } from "../../services/stage.ts";
import type { FixedDelays } from "../fixed-delay-sources.ts";

/** All that such a peer goes by. */
export interface PeerProcessOptions {
  readonly home: string;
  readonly flags: FlagValues;
  readonly joinSecret: string | undefined;
  /** Whether actors of the test's own run beside the product's. */
  readonly hasTestActors?: boolean | undefined;
  /** Engines of fixed delay in the place of its own; none, where it is never asked anything. */
  readonly engines?: TestEngines | undefined;
}

/** Which engines of a peer are of fixed delay, and what they say. */
export interface TestEngines extends FixedDelays {
  /** The others run on models. */
  readonly fixed: readonly EngineName[];
  /** Whether the services of its roles come up with the peer, as with `parley start`; default: each when it is needed. */
  readonly isStarted?: boolean;
  /** Whether its ears note when sound came, and say that as what they understood; see `noting-ears.ts`. */
  readonly notesArrivals?: boolean;
  /** Tools that write each of their runs down, in a file outside of all peers; see `noted-tools.ts`. */
  readonly notedTools?: { readonly path: string; readonly runMs: number };
}

/** What it says once it answers clients. */
export interface PeerIntroduction {
  readonly peerId: string;
  readonly fingerprint: string;
  readonly url: string;
  readonly token: string;
}

/** `when`: what the key must hold, null for nothing; undefined: whatever it holds. */
export interface PutOrder {
  readonly do: "put";
  readonly key: string;
  readonly value: string;
  readonly when?: string | null;
  readonly timeoutMs: number;
}

export type PeerOrder =
  | PutOrder
  /** `isStale`: whatever this peer happens to hold. */
  | { readonly do: "get"; readonly key: string; readonly isStale?: boolean; readonly timeoutMs: number }
  | { readonly do: keyof PlainAnswers }
  | { readonly do: "join"; readonly code: string; readonly address?: string }
  | { readonly do: "join-by-fingerprint"; readonly fingerprint: string; readonly address?: string }
  | { readonly do: "revoke" | "approve"; readonly who: string }
  /** All pairs of the replicated state whose keys begin so, by a read that is current. */
  | { readonly do: "range"; readonly prefix: string; readonly timeoutMs: number }
  /** Tells a room a note, acknowledged. */
  | { readonly do: "note"; readonly room: string; readonly note: string; readonly timeoutMs: number }
  /** Hears a wake word, from the seat that was taken. */
  | { readonly do: "bid"; readonly score: number; readonly agoMs: number }
  | { readonly do: "where"; readonly room: string; readonly timeoutMs: number }
  | PullOrder;

/** Reads a stream of bytes that the peer `from` offers, with a pause after each item. */
export interface PullOrder {
  readonly do: "pull";
  readonly from: string;
  readonly items: number;
  readonly itemBytes: number;
  readonly pauseMs: number;
}

export interface PulledAnswer {
  readonly bytes: number;
  readonly tookMs: number;
}

/** Where an entity lives. */
export interface RoomAnswer {
  readonly peer: string;
  readonly epoch: number;
}

export interface PairAnswer {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** Since the peer started: links that ended, primes that it has known, times its log was in doubt; and the term now. */
export interface NoticedAnswer {
  readonly linksLost: number;
  readonly primes: number;
  readonly doubts: number;
  readonly term: number;
}

/** `mismatch`: the key held something else. `refused`: nothing was done, and nothing will be. */
export type PutAnswer =
  | { readonly outcome: "done" | "mismatch"; readonly index: number }
  | { readonly outcome: "refused"; readonly detail: string }
  | { readonly outcome: "unknown"; readonly detail: string };

export type GetAnswer =
  | { readonly outcome: "read"; readonly value: string | null; readonly index: number }
  | { readonly outcome: "refused"; readonly detail: string };

/** Orders that take nothing, and what is answered. */
export interface PlainAnswers {
  readonly peers: readonly PeerReport[];
  readonly status: PeerStatus;
  /** The version of the cluster's commands in force, as it has been applied there; 0: it belongs to none. */
  readonly commands: { readonly inForce: number };
  readonly waiting: readonly WaitingPeer[];
  readonly met: readonly MetCluster[];
  readonly "open-pairing": PairingWindow;
  readonly leave: null;
  readonly noticed: NoticedAnswer;
  /** What it holds on to: without what the next collection of garbage will free. */
  /** A conversation that listens for a wake word, and hears one when it is told to `bid`; how many others it knows of. */
  readonly seat: { readonly others: number };
  readonly held: { readonly bytes: number };
  /** Of the replicated pairs. */
  readonly digest: { readonly index: number; readonly digest: string };
}

export type PeerStatus = Readonly<Record<string, unknown>> & {
  readonly belonging: string;
  readonly clusterId: string | null;
  readonly state: string;
  readonly term: number | null;
  readonly prime: { readonly peer: string } | null;
  readonly sentences: readonly string[];
  readonly nextSteps: readonly string[];
  readonly meshKey?: { readonly generation: number; readonly publicKey: string } | null;
};

/** What came of a bid: the first verdict, after `tookMs`, and the one that held. */
export interface BidAnswer {
  readonly first: Verdict;
  readonly last: Verdict;
  readonly tookMs: number;
}

export type RevokeAnswer = RevocationReport;

/** What comes from the process. */
export type PeerNews =
  | { readonly ready: PeerIntroduction }
  | { readonly id: number; readonly answer: unknown }
  | { readonly id: number; readonly error: string; readonly code: string };
