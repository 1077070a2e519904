/**
 * What the house remembers of its clients' conversations: threads of turns, of clients that want that, the same at every peer. The
 * vaults come later behind the same face.
 */
import type { Snippet } from "./text/snippet.ts";

/** What was asked and what was answered to it. */
export interface Exchange {
  readonly question: string;
  /** As far as it was heard. */
  readonly answer: string;
  readonly wasInterrupted: boolean;
}

/** An exchange as it is kept. */
export interface KeptTurn extends Exchange {
  /** Names the turn among all. */
  readonly id: string;
  readonly threadId: string;
  /** Epoch: when it ended. */
  readonly atMs: number;
}

/** A thread, without its turns. */
export interface KeptThread {
  readonly threadId: string;
  /** Those that are still kept. */
  readonly turns: number;
  readonly firstAtMs: number;
  readonly lastAtMs: number;
  /** The beginning of its first question that is kept. */
  readonly title: string;
}

/** What is looked for. */
export interface MemorySearch {
  /** See `text/query.ts`. */
  readonly text: string;
  readonly threadId?: string | undefined;
  /** Epoch; those that ended from, and before. */
  readonly fromMs?: number | undefined;
  readonly beforeMs?: number | undefined;
  /** 50 when absent, 1,000 at most. */
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
}

/** A turn that was found. */
export interface MemoryFound {
  readonly turn: KeptTurn;
  /** Higher is better; only to be compared with others of the same search. */
  readonly score: number;
  readonly snippet: Snippet & { readonly of: "question" | "answer" };
}

/** What was found. */
export interface MemoryFindings {
  /** `any`: no turn had all words, these have some of them. */
  readonly matched: "all" | "any";
  /** Of all pages together. */
  readonly total: number;
  readonly found: readonly MemoryFound[];
}

/** Which turns of a thread. */
export interface ReadOptions {
  /** The last so many; 100 when absent. */
  readonly limit?: number | undefined;
  /** Before the turn of this id. */
  readonly before?: string | undefined;
}

/** A new turn. */
export interface NewTurn extends Exchange {
  readonly threadId: string;
  /** Chosen by who writes: written twice under the same id it is kept once. */
  readonly id: string;
  readonly atMs: number;
}

/** Each method is for one account, and says nothing of any other. */
export interface Memory {
  /**
   * Keeps a turn; durable when it settles, or, where the cluster cannot agree now, waiting in the peer's outbox. False: this
   * account does not want to be remembered, and nothing was written.
   * @throws PeerError `no-quorum`, `not-member`, `outbox-full`, `disk-full`, `home-unusable`
   */
  note(account: string, turn: NewTurn): Promise<boolean>;
  /** Its threads, the one that was last spoken in first. */
  threads(account: string): readonly KeptThread[];
  /** Turns of one of them, in their order; empty where there is none. */
  read(account: string, threadId: string, options?: ReadOptions): readonly KeptTurn[];
  /** @throws the reason of `signal` */
  search(account: string, search: MemorySearch, signal?: AbortSignal): Promise<MemoryFindings>;
  /** Takes one thread away, or all of them; how many turns that were. @throws as {@link note} */
  forget(account: string, threadId?: string): Promise<number>;
  /** All turns of all threads, the threads in the order of {@link threads}. */
  export(account: string): Iterable<KeptTurn>;
  /** Settles once what others have kept before is to be seen here, or that takes too long. Never rejects. */
  settle(): Promise<void>;
}
