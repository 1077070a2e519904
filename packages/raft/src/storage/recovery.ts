/** Opening: does the database hold what the high-water record says was acknowledged, and is what it holds whole? */
import { invariant, isRaftError, RaftError } from "../errors.ts";
import { claimOf, encodeHighWater, encodeHighWaterFile, findHighWater, slotOf, type HighWater } from "./high-water.ts";
import type { DoubtReason, OpenResult, SnapshotMeta } from "./log-store.ts";
import type { LogMedia, RecordMedia } from "./media.ts";
import { decodeRecord, FORMAT_VERSION, type LogRecord } from "./record.ts";
import { checkSnapshotFile, snapshotName } from "./snapshot-file.ts";
import {
  baseOf,
  decodeState,
  encodeState,
  FRESH_STATE,
  stateVersion,
  type ChainPoint,
  type LogState,
} from "./state-record.ts";
import { TermRuns } from "./terms.ts";

/** Brings what is stored from one format version to the next; must be repeatable, as a crash may come between. */
export type Migration = (media: LogMedia) => Promise<void>;

export interface RecoveryOptions {
  /** How many of the newest entries are read and checked before the log is open; the others when they are read. */
  readonly verifyEntries: number;
  /** By the version they start from. */
  readonly migrations: ReadonlyMap<number, Migration>;
  /** A log was kept here before, as somebody else remembers: one that looks new has lost everything. */
  readonly wasKept?: boolean;
}

/** A log, ready to be used. */
export interface Recovered {
  readonly state: LogState;
  readonly terms: TermRuns;
  readonly snapshot: SnapshotMeta | undefined;
  readonly claim: HighWater;
  readonly opened: OpenResult;
}

interface Doubt {
  readonly reason: DoubtReason;
  readonly detail: string;
}

/** @throws RaftError `unknown-format`, and whatever the disk throws. */
export async function recover(media: LogMedia, options: RecoveryOptions): Promise<Recovered> {
  await migrate(media, options.migrations);
  const bytes = await stateBytes(media.records);
  const state = bytes === undefined ? undefined : decodeState(bytes);
  const highWater = findHighWater(await media.highWater.read());
  // The high-water record is made last, so without one a log that holds nothing is merely new.
  const isNew = highWater.found === "missing" && (bytes === undefined || state?.sequence === FRESH_STATE.sequence);
  if (isNew && media.damage === undefined && options.wasKept !== true) return fresh(media);
  const claim = highWater.found === "claim" ? highWater.claim : undefined;
  const doubt =
    doubtBeforeReading(media, bytes, state, highWater) ??
    (state === undefined || claim === undefined ? undefined : doubtOfClaim(media.records, state, claim)) ??
    (state === undefined ? undefined : await doubtOfRecords(media, state, entriesToVerify(claim, options)));
  if (doubt !== undefined) return salvage(media, state, claim, doubt);
  invariant(state !== undefined && claim !== undefined, "a log without doubt has a state and a claim");
  const terms = readTerms(media.records, state);
  // A scan of the newest entries does not see older ones; finding the terms touches some.
  if (!(terms instanceof TermRuns)) return salvage(media, state, claim, terms);
  const snapshot = await snapshotOf(media, state);
  const raised = await raise(media, state, claim);
  if (claim.doubt === undefined) return { ...raised, terms, snapshot, opened: { state: "intact" } };
  const detail = "what was missing has not been settled since";
  return { ...raised, terms, snapshot, opened: doubtful(raised.state, { reason: claim.doubt, detail }) };
}

async function migrate(media: LogMedia, migrations: ReadonlyMap<number, Migration>): Promise<void> {
  for (;;) {
    const bytes = await stateBytes(media.records);
    const version = bytes === undefined ? FORMAT_VERSION : (stateVersion(bytes) ?? FORMAT_VERSION);
    if (version === FORMAT_VERSION) return;
    const migration = migrations.get(version);
    if (migration === undefined || version > FORMAT_VERSION) {
      throw new RaftError("unknown-format", `the log has format ${version}; this version reads ${FORMAT_VERSION}`);
    }
    await migration(media);
    const after = await media.records.readState();
    invariant(after !== undefined && stateVersion(after) !== version, `the migration from format ${version} did not`);
  }
}

/** Bytes that do not decode when the disk cannot tell. */
async function stateBytes(records: RecordMedia): Promise<Uint8Array | undefined> {
  try {
    return await records.readState();
  } catch (error) {
    if (isRaftError(error, "corrupt")) return new Uint8Array();
    throw error;
  }
}

async function fresh(media: LogMedia): Promise<Recovered> {
  const state = FRESH_STATE;
  await media.records.write({ state: encodeState(state), puts: [], remove: { from: 0, to: 0 } }, true);
  const claim = claimOf(state, 1, undefined);
  await media.highWater.create(encodeHighWaterFile(claim));
  return { state, terms: new TermRuns(state.base), snapshot: undefined, claim, opened: { state: "intact" } };
}

function doubtBeforeReading(
  media: LogMedia,
  bytes: Uint8Array | undefined,
  state: LogState | undefined,
  highWater: ReturnType<typeof findHighWater>,
): Doubt | undefined {
  if (media.damage !== undefined) return { reason: "log-damaged", detail: media.damage };
  if (bytes === undefined)
    return { reason: "log-damaged", detail: "the database is empty, though a log was kept in it" };
  if (state === undefined) return { reason: "state-damaged", detail: "the state record does not match its checksum" };
  if (highWater.found === "missing") return { reason: "high-water-missing", detail: "there is no high-water record" };
  if (highWater.found === "damaged") return { reason: "high-water-damaged", detail: "no slot of it can be believed" };
  if (highWater.isAlone && state.sequence <= highWater.claim.sequence) {
    return { reason: "high-water-damaged", detail: "a slot is damaged, and not by a write that was cut off" };
  }
  return undefined;
}

function doubtOfClaim(records: RecordMedia, state: LogState, claim: HighWater): Doubt | undefined {
  const { sequence, hardState, last, base, replacedAt } = state;
  if (sequence < claim.sequence) {
    const detail = `the last ${claim.sequence - sequence} of ${claim.sequence} acknowledged writes are missing`;
    return { reason: "log-behind", detail };
  }
  const contradicts = (detail: string): Doubt => ({ reason: "log-contradicts", detail });
  if (sequence === claim.sequence) {
    const isSame =
      hardState.term === claim.term &&
      hardState.vote === claim.vote &&
      last.index === claim.last.index &&
      last.chain === claim.last.chain;
    return isSame ? undefined : contradicts("its state is not the one that was acknowledged");
  }
  if (
    hardState.term < claim.term ||
    (hardState.term === claim.term && claim.vote !== 0 && hardState.vote !== claim.vote)
  ) {
    return contradicts(`it knows term ${hardState.term}, but a vote in term ${claim.term} was acknowledged`);
  }
  if (replacedAt > claim.sequence || claim.last.index < base.index) return undefined;
  if (claim.last.index > last.index)
    return contradicts(`it ends at ${last.index}, acknowledged is ${claim.last.index}`);
  const chain = claim.last.index === base.index ? base.chain : tryRead(records, claim.last.index)?.chain;
  return chain === claim.last.chain ? undefined : contradicts(`entry ${claim.last.index} is not the acknowledged one`);
}

/** All of them when something was found wrong before: it may be where an opening does not look. */
function entriesToVerify(claim: HighWater | undefined, { verifyEntries }: RecoveryOptions): number {
  return claim?.doubt === undefined ? verifyEntries : Infinity;
}

async function doubtOfRecords(media: LogMedia, state: LogState, verifyEntries: number): Promise<Doubt | undefined> {
  const { base, last, snapshot } = state;
  if (snapshot.index > 0 && (await snapshotOf(media, state)) === undefined) {
    return { reason: "snapshot-damaged", detail: `snapshot ${snapshot.index} is missing or damaged` };
  }
  const from = Math.max(base.index + 1, last.index - verifyEntries + 1);
  const { error } = await scanChain(media.records, state, from);
  return error === undefined ? undefined : { reason: "record-damaged", detail: error.message };
}

/** How far the chain holds from `from` on. */
export async function scanChain(
  records: RecordMedia,
  { base, last }: { readonly base: ChainPoint; readonly last: ChainPoint },
  from: number,
): Promise<{ readonly good: number; readonly chain: number; readonly error: RaftError | undefined }> {
  let chain = from === base.index + 1 ? base.chain : undefined;
  let index = from;
  try {
    for await (const page of records.scan(from, last.index + 1)) {
      for (const bytes of page) {
        const record = decodeRecord(bytes, index);
        if (chain !== undefined && record.before !== chain) throw notLinked(index);
        ({ chain } = record);
        index += 1;
      }
    }
    if (index <= last.index) decodeRecord(undefined, index);
    if (chain !== undefined && chain !== last.chain) throw notLinked(last.index);
    return { good: last.index, chain: last.chain, error: undefined };
  } catch (error) {
    if (!isRaftError(error, "corrupt")) throw error;
    return { good: index - 1, chain: chain ?? base.chain, error };
  }
}

export function notLinked(index: number): RaftError {
  return new RaftError("corrupt", `entry ${index} does not follow the one before it`);
}

/** Walks back from run to run: as many reads as there were terms. */
function readTerms(records: RecordMedia, { base, last }: LogState): TermRuns | Doubt {
  const runs: { readonly from: number; readonly term: number }[] = [];
  let index = last.index;
  while (index > base.index) {
    const record = tryRead(records, index);
    if (record === undefined || record.runStart > index) {
      return { reason: "record-damaged", detail: `entry ${index} is missing or damaged` };
    }
    const from = Math.max(record.runStart, base.index + 1);
    runs.push({ from, term: record.entry.term });
    index = from - 1;
  }
  const terms = new TermRuns(base);
  for (const { from, term } of runs.toReversed()) terms.push(from, term);
  return terms;
}

function tryRead(records: RecordMedia, index: number): LogRecord | undefined {
  try {
    return decodeRecord(records.read(index), index);
  } catch (error) {
    if (isRaftError(error, "corrupt")) return undefined;
    throw error;
  }
}

async function snapshotOf(media: LogMedia, { snapshot }: LogState): Promise<SnapshotMeta | undefined> {
  return snapshot.index === 0 ? undefined : checkSnapshotFile(media.snapshots, snapshot, snapshot.checksum);
}

/** The database is ahead: what is in it becomes acknowledged as soon as somebody reads it. */
async function raise(
  media: LogMedia,
  state: LogState,
  claim: HighWater,
): Promise<{ readonly state: LogState; readonly claim: HighWater }> {
  if (state.sequence === claim.sequence) return { state, claim };
  const raised = { ...state, sequence: state.sequence + 1 };
  await media.records.write({ state: encodeState(raised), puts: [], remove: { from: 0, to: 0 } }, true);
  const next = claimOf(raised, claim.generation + 1, claim.doubt);
  await media.highWater.writeSlot(slotOf(next), encodeHighWater(next), true);
  return { state: raised, claim: next };
}

/** Keeps what is before the damage, and the doubt itself, so that it outlives the next crash. */
async function salvage(
  media: LogMedia,
  found: LogState | undefined,
  claim: HighWater | undefined,
  doubt: Doubt,
): Promise<Recovered> {
  const kept = await keep(media, found, claim);
  const terms = readTerms(media.records, kept);
  // A disk that gives different answers to the same question is not one to go on with.
  if (!(terms instanceof TermRuns))
    throw new RaftError("corrupt", `what was just read cannot be read: ${terms.detail}`);
  const next = claimOf(kept, 1, doubt.reason);
  // First the doubt: a crash before the rest is done must not find a log that looks whole.
  await media.highWater.create(encodeHighWaterFile(next));
  await media.records.rebuild(encodeState(kept), kept.base.index + 1, kept.last.index + 1);
  await media.snapshots.tidy(kept.snapshot.index === 0 ? undefined : snapshotName(kept.snapshot), new Set());
  const snapshot = await snapshotOf(media, kept);
  return { state: kept, terms, snapshot, claim: next, opened: doubtful(kept, doubt) };
}

/** How far every record follows the one before, read one by one so that damage takes no undamaged neighbours along. */
function lastLinked(records: RecordMedia, { base, last }: LogState): ChainPoint {
  let linked: ChainPoint = { index: base.index, chain: base.chain };
  while (linked.index < last.index) {
    const record = tryRead(records, linked.index + 1);
    if (record === undefined || record.before !== linked.chain) break;
    linked = { index: linked.index + 1, chain: record.chain };
  }
  return linked;
}

async function keep(media: LogMedia, found: LogState | undefined, claim: HighWater | undefined): Promise<LogState> {
  const sequence = Math.max(found?.sequence ?? 0, claim?.sequence ?? 0) + 1;
  const state = found ?? FRESH_STATE;
  const { term, vote } = state.hardState;
  // The later of two terms; within one, whoever remembers a vote.
  const isClaimLater = claim !== undefined && (claim.term > term || (claim.term === term && vote === 0));
  const hardState = isClaimLater ? { term: claim.term, vote: claim.vote } : { term, vote };
  const nothing = { ...FRESH_STATE, sequence, replacedAt: sequence, hardState: { ...hardState, commit: 0 } };
  if (found === undefined) return nothing;
  const hasSnapshot = (await snapshotOf(media, found)) !== undefined;
  if (found.base.index > 0 && !hasSnapshot) return nothing;
  const snapshot = hasSnapshot ? found.snapshot : FRESH_STATE.snapshot;
  const { index: good, chain } = lastLinked(media.records, found);
  const isBeforeSnapshot = good < snapshot.index;
  const base = isBeforeSnapshot ? baseOf(snapshot) : found.base;
  const last = isBeforeSnapshot ? { index: base.index, chain: base.chain } : { index: good, chain };
  const commit = Math.max(snapshot.index, Math.min(found.hardState.commit, last.index));
  return { sequence, replacedAt: sequence, hardState: { ...hardState, commit }, base, snapshot, last };
}

function doubtful({ base, last, hardState }: LogState, { reason, detail }: Doubt): OpenResult {
  const { term, vote } = hardState;
  return {
    state: "doubtful",
    reason,
    detail,
    left: { firstIndex: base.index + 1, lastIndex: last.index, term, vote },
  };
}
