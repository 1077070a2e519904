/**
 * What a session writes down so that another host can go on with it when its own dies. Only ciphertext is written: the keys of a
 * turn live in the memory of the cluster's voters alone, and are gone when the turn has ended.
 */
import type { EntityMemory, Stamp } from "@parley/actors";
import type { Accepted, TurnRecord } from "./records.ts";

/** The journals of one membership in a cluster. */
export interface Journals {
  /** Every member's software knows them. Until then journals are off, and whatever is written goes nowhere. */
  readonly isInForce: boolean;
  /**
   * The journal of a session that lives here.
   * @param stamp of the session's stay, for all that is written; what it throws ends the journal
   */
  open(session: string, stamp: () => Stamp): Journal;
  /**
   * What this host knows by itself of a session, wherever that lives: nobody is asked, and nobody is kept from going on with it. It may
   * be older than what others know. What only others have the keys of counts as lost.
   */
  known(session: string): Promise<FoundJournal>;
  /** For a sharding: sessions that have a journal are woken where their shard goes. */
  readonly memory: EntityMemory;
  /** All journals, as far as they are known here: for people. */
  all(): readonly JournalSummary[];
}

/** One session's, while it lives here. Nothing but {@link found} and {@link flush} ever waits. */
export interface Journal {
  readonly session: string;
  readonly position: JournalPosition;
  /** Something that was given here to write is not known to be written. Default: nothing. */
  readonly isWaiting?: boolean;
  /** Aborted, with ActorError `stale-epoch`, once somebody else goes on with the session: nothing of this one counts any more. */
  readonly overtaken: AbortSignal;
  /**
   * What the host before this one has left, and shows the stamp first: from then on that host changes nothing. Its turn, when there
   * is one, is the one that {@link append} goes on with. Not to be called once a turn has begun here.
   * @throws PeerError `no-quorum` when neither is to be known in time; ActorError `stale-epoch`
   */
  found(): Promise<FoundJournal>;
  /** A turn begins. What an earlier one has written, and was not settled, is dropped. */
  begin(accepted: Omit<Accepted, "type">): void;
  /** More of the turn. Passed over where none is open. What comes while a write is under way goes with the next. */
  append(record: TurnRecord): void;
  /**
   * Settles once all that was written before is where no crash of a minority loses it; at once where the journal is off.
   * @throws PeerError `no-quorum` when that took too long, `journal-full` when the turn is too long to be written down, the reason of
   *   `signal`; ActorError `stale-epoch`
   */
  flush(signal?: AbortSignal): Promise<void>;
  /**
   * The turn has ended, and what it has written is dropped for ever. `kept` is what the session is to know when it is woken
   * elsewhere: JSON. Without what may not leave this host: that is the session's to see to. Also without a turn.
   */
  settle(kept: unknown): void;
  /** The session is over: nothing of it stays. Nothing can be written any more. */
  end(): void;
  /** Writes no more; what is written stays, for whoever goes on. May be called twice. */
  close(): void;
}

export interface JournalPosition {
  /** Undefined between turns. */
  readonly turn: number | undefined;
  /** Of the turn, those that are safe. */
  readonly records: number;
  /** Bytes and writes of this stay, as far as the cluster has taken them. */
  readonly bytes: number;
  readonly commits: number;
  /** `behind`: the cluster does not take what is to be written now; it is tried again. */
  readonly state: "written" | "behind" | "off";
  readonly why: JournalOff | "no-quorum" | undefined;
}

/**
 * `version`: not every member's software knows journals; `private`: the turn may not leave its host; `full`: the turn, or what is
 * kept after it, is larger than it may be, or all journals together are; `ended`: closed, or ended; `failed`: by a defect.
 */
export type JournalOff = "version" | "private" | "full" | "overtaken" | "ended" | "failed";

/** Why something that was written cannot be read: its keys went with the voters that had them, or it is nothing that is known here. */
export type Loss = "keys-lost" | "unreadable";

export interface FoundJournal {
  /** What the last turn that ended has kept. */
  readonly kept: { readonly value: unknown } | undefined;
  /** One that has not ended. */
  readonly turn: FoundTurn | undefined;
  readonly lost: { readonly kept: Loss | undefined; readonly turn: Loss | undefined };
}

export interface FoundTurn {
  readonly accepted: Accepted;
  /** In their order; up to what can be read. */
  readonly records: readonly TurnRecord[];
}

export interface JournalSummary {
  readonly session: string;
  readonly scope: string;
  readonly turn: number;
  readonly isInTurn: boolean;
  /** Entries of the turn that goes on: each holds the records of one write. */
  readonly entries: number;
  readonly bytes: number;
  readonly atMs: number;
}
