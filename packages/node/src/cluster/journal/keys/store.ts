/**
 * The keys that one voter keeps, in its memory alone. A turn has two: that of its records, and that of what the session keeps after
 * it. They come before anything is written with them. What is agreed on then tells by itself which are needed: the others are
 * overwritten with zeros as soon as that is known here.
 */
import type { ClusterState, SessionJournal } from "../../state/model.ts";
import { keyOf, nameOf, wipe } from "../sealing.ts";

/** Of one turn; either may be gone. */
export interface TurnKeys {
  readonly turn: number;
  readonly records: Uint8Array | undefined;
  readonly kept: Uint8Array | undefined;
}

/** One key, with its name. */
interface Named {
  readonly name: string;
  readonly key: Uint8Array;
}

interface Deposit {
  readonly turn: number;
  records: Named | undefined;
  kept: Named | undefined;
  atMs: number;
}

interface Entry {
  readonly deposits: Deposit[];
  /** The journal's last turn, as far as it was ever seen. */
  lastTurn: number;
}

type Journals = ClusterState["journals"];

/** More than have journals, for some have keys before. */
const MAX_SESSIONS = 8_192;
/** Of one session: a turn's, and those of whoever believed that it was its. */
const MAX_DEPOSITS = 8;
/** What nothing was written with for so long was given up. */
export const GRACE_MS = 60_000;

export class KeyStore {
  readonly #entries = new Map<string, Entry>();

  /** How many sessions it has keys of. */
  get size(): number {
    return this.#entries.size;
  }

  /** Copied. False: there is no room. Given again, it counts as new. */
  keep(session: string, { turn, records, kept }: TurnKeys, nowMs: number): boolean {
    let entry = this.#entries.get(session);
    if (entry === undefined) {
      if (this.#entries.size >= MAX_SESSIONS) return false;
      entry = { deposits: [], lastTurn: 0 };
      this.#entries.set(session, entry);
    }
    const names = { records: named(records), kept: named(kept) };
    const same = entry.deposits.find(
      (each) => isSame(each.records, names.records) && isSame(each.kept, names.kept) && each.turn === turn,
    );
    if (same !== undefined) {
      same.atMs = nowMs;
      same.records ??= copied(names.records);
      same.kept ??= copied(names.kept);
      return true;
    }
    if (entry.deposits.length >= MAX_DEPOSITS) makeRoom(entry);
    entry.deposits.push({ turn, records: copied(names.records), kept: copied(names.kept), atMs: nowMs });
    return true;
  }

  /** The turns, one of whose keys has one of these names; copies. */
  find(session: string, names: readonly string[]): readonly TurnKeys[] {
    const wanted = new Set(names);
    const has = (key: Named | undefined): boolean => key !== undefined && wanted.has(key.name);
    const found = this.#entries.get(session)?.deposits.filter(({ records, kept }) => has(records) || has(kept)) ?? [];
    return found.map((deposit) => shown(deposit));
  }

  /** All of it; copies. */
  *all(): Generator<readonly [session: string, keys: readonly TurnKeys[]]> {
    for (const [session, { deposits }] of this.#entries) yield [session, deposits.map((deposit) => shown(deposit))];
  }

  /** Erases what these journals need no more, and what nothing was written with in time. */
  follow(journals: Journals, nowMs: number): void {
    for (const [session, entry] of this.#entries) {
      const journal = journals.get(session);
      entry.lastTurn = Math.max(entry.lastTurn, journal?.turn ?? 0);
      for (const deposit of entry.deposits) sift(deposit, journal, entry.lastTurn, nowMs);
      const left = entry.deposits.filter(({ records, kept }) => records !== undefined || kept !== undefined);
      if (left.length === 0) this.#entries.delete(session);
      else entry.deposits.splice(0, Infinity, ...left);
    }
  }

  /** Whether these journals need keys that are not here. */
  lacks(journals: Journals): boolean {
    for (const [session, { records, kept }] of journals.range()) {
      const names = [keyOf(records?.[0]), keyOf(kept)].filter((name) => name !== undefined);
      if (names.some((name) => this.find(session, [name]).length === 0)) return true;
    }
    return false;
  }

  /** Erases all. */
  clear(): void {
    for (const { deposits } of this.#entries.values()) for (const deposit of deposits) erase(deposit);
    this.#entries.clear();
  }
}

/** What nothing is written with yet goes first. */
function makeRoom({ deposits, lastTurn }: Entry): void {
  const at = Math.max(
    0,
    deposits.findIndex(({ turn }) => turn > lastTurn),
  );
  for (const deposit of deposits.splice(at, 1)) erase(deposit);
}

/** Leaves of a turn's keys what is still needed. */
function sift(deposit: Deposit, journal: SessionJournal | undefined, lastTurn: number, nowMs: number): void {
  const { turn } = deposit;
  if (turn > lastTurn) {
    if (nowMs - deposit.atMs > GRACE_MS) erase(deposit);
    return;
  }
  const isOpen = journal?.turn === turn && journal.records !== undefined;
  const isOfRecords = isOpen && keyOf(journal.records?.[0]) === deposit.records?.name;
  if (isOfRecords) return;
  if (deposit.records !== undefined) wipe(deposit.records.key);
  deposit.records = undefined;
  if (deposit.kept !== undefined && keyOf(journal?.kept) === deposit.kept.name) return;
  erase(deposit);
}

function erase(deposit: Deposit): void {
  wipe(deposit.records?.key);
  wipe(deposit.kept?.key);
  deposit.records = undefined;
  deposit.kept = undefined;
}

function named(key: Uint8Array | undefined): Named | undefined {
  return key === undefined ? undefined : { name: nameOf(key), key };
}

function copied(named: Named | undefined): Named | undefined {
  return named === undefined ? undefined : { name: named.name, key: Uint8Array.from(named.key) };
}

function shown({ turn, records, kept }: Deposit): TurnKeys {
  return { turn, records: copied(records)?.key, kept: copied(kept)?.key };
}

/** Where one of them is gone it may be the same. */
function isSame(one: Named | undefined, other: Named | undefined): boolean {
  return one === undefined || other === undefined || one.name === other.name;
}
