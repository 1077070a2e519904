/** What a journal of the replicated state says, to who can find its keys. */
import type { SessionJournal } from "../state/model.ts";
import type { BothKeys, KeyRing } from "./keys/ring.ts";
import type { TurnKeys } from "./keys/store.ts";
import { openRecords } from "./pieces.ts";
import type { FoundJournal, FoundTurn, Loss } from "./port.ts";
import { decodeKept, type Accepted, type AnyRecord } from "./records.ts";
import { drawKey, keyOf, open, wipe } from "./sealing.ts";
import type { Resumed } from "./turn.ts";

export interface ReadJournal {
  readonly found: FoundJournal;
  /** What it takes to go on with its turn. */
  readonly resumed: Resumed | undefined;
}

const NOTHING: FoundJournal = { kept: undefined, turn: undefined, lost: { kept: undefined, turn: undefined } };

/** @throws PeerError `no-quorum` when its keys can neither be had nor be known to be lost */
export async function readJournal(
  ring: Pick<KeyRing, "find">,
  session: string,
  journal: SessionJournal | undefined,
): Promise<ReadJournal> {
  if (journal === undefined) return { found: NOTHING, resumed: undefined };
  const ofTurn = keyOf(journal.records?.[0]);
  const ofKept = keyOf(journal.kept);
  const names = [...new Set([ofTurn, ofKept])].filter((name) => name !== undefined);
  const keys = names.length === 0 ? new Map<string, TurnKeys>() : await ring.find(session, names);
  const keysOfTurn = keys.get(ofTurn ?? "");
  const keysOfKept = keys.get(ofKept ?? "");
  const kept = readKept(session, journal.kept, keysOfKept);
  const turn = readTurn(session, journal, keysOfTurn?.records);
  // Whoever goes on with the turn writes with its keys; what has opened what was kept is needed no more here.
  const resumed = turn.turn === undefined ? undefined : resumedFrom(journal, turn.turn, keysOfTurn);
  for (const { records, kept: ofAfter } of [keysOfKept, keysOfTurn].filter((each) => each !== undefined)) {
    if (records !== resumed?.keys.records) wipe(records);
    if (ofAfter !== resumed?.keys.kept) wipe(ofAfter);
  }
  return { found: { kept: kept.kept, turn: turn.turn, lost: { kept: kept.lost, turn: turn.lost } }, resumed };
}

function readKept(
  session: string,
  sealed: Uint8Array | undefined,
  keys: TurnKeys | undefined,
): { readonly kept: FoundJournal["kept"]; readonly lost: Loss | undefined } {
  if (sealed === undefined) return { kept: undefined, lost: undefined };
  if (keys?.kept === undefined) return { kept: undefined, lost: lossOf(sealed) };
  const plain = open(keys.kept, { session, turn: keys.turn, kind: "kept", number: 0 }, sealed);
  const kept = plain === undefined ? undefined : decodeKept(plain);
  return { kept, lost: kept === undefined ? "unreadable" : undefined };
}

/** Of what there is no key for. */
function lossOf(sealed: Uint8Array | undefined): Loss {
  return keyOf(sealed) === undefined ? "unreadable" : "keys-lost";
}

function readTurn(
  session: string,
  { turn, records }: SessionJournal,
  key: Uint8Array | undefined,
): { readonly turn: FoundTurn | undefined; readonly lost: Loss | undefined } {
  if (records === undefined) return { turn: undefined, lost: undefined };
  if (key === undefined) return { turn: undefined, lost: lossOf(records[0]) };
  const read = openRecords({ session, turn, key }, records);
  const [first, ...rest] = read.records;
  const isOne = first !== undefined && isAccepted(first) && rest.every((record) => !isAccepted(record));
  if (!isOne) return { turn: undefined, lost: "unreadable" };
  const found = { accepted: first, records: rest.filter((record) => !isAccepted(record)) };
  return { turn: found, lost: read.isWhole ? undefined : "unreadable" };
}

function isAccepted(record: AnyRecord): record is Accepted {
  return record.type === "accepted";
}

/** Where what is kept after it had its key lost, it gets another. */
function resumedFrom(journal: SessionJournal, found: FoundTurn, keys: TurnKeys | undefined): Resumed | undefined {
  const { turn, records: entries = [] } = journal;
  if (keys?.records === undefined) return undefined;
  const both: BothKeys = { turn, records: keys.records, kept: keys.kept ?? drawKey() };
  return { keys: both, entries, records: 1 + found.records.length, hasNewKey: keys.kept === undefined };
}
