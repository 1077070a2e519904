/** One Ready as one batch of records. Pure. */
import { invariant } from "../errors.ts";
import type { Entry, HardState } from "../core/types.ts";
import type { StagedSnapshot } from "./log-store.ts";
import type { RecordBatch } from "./media.ts";
import { encodeRecord } from "./record.ts";
import { baseOf, type LogState } from "./state-record.ts";
import type { TailEntry } from "./tail.ts";
import { TermRuns } from "./terms.ts";

/** A batch, and the log after it. */
export interface WritePlan extends Pick<RecordBatch, "puts" | "remove"> {
  readonly state: LogState;
  readonly terms: TermRuns;
  readonly added: readonly TailEntry[];
}

/** The log before. */
export interface LogView {
  readonly state: LogState;
  readonly terms: TermRuns;
  /** Checksum of the record at an index of the log, or of its base. */
  readonly chainAt: (index: number) => number;
}

export interface PlannedWrite {
  readonly hardState: HardState | undefined;
  readonly entries: readonly Entry[];
  readonly snapshot: StagedSnapshot | undefined;
}

/** @throws InvariantError for a gap, or for terms that go back. */
export function planWrite(log: LogView, { hardState, entries, snapshot }: PlannedWrite): WritePlan {
  const before = log.state;
  checkHardState(before.hardState, hardState);
  const sequence = before.sequence + 1;
  const start = snapshot === undefined ? log : emptyAt(log.state, snapshot);
  const { base } = start.state;
  const news = entries.filter(({ index }) => index > base.index);
  const from = news[0]?.index ?? start.state.last.index + 1;
  invariant(from <= start.state.last.index + 1, `a gap before entry ${from}`);
  const terms = news.length === 0 ? start.terms : start.terms.clone();
  terms.truncate(from);
  const { puts, added, chain } = encodeAll(news, from, terms, start.chainAt);
  const last = news.length === 0 ? start.state.last : { index: from + news.length - 1, chain };
  const isReplacing = snapshot !== undefined || from <= before.last.index;
  invariant(
    snapshot !== undefined || !isReplacing || from > before.hardState.commit,
    `entry ${from} is committed, and stays`,
  );
  const state: LogState = {
    ...start.state,
    sequence,
    hardState: committedUpTo(hardState ?? before.hardState, start.state.snapshot.index),
    last,
    replacedAt: isReplacing ? sequence : before.replacedAt,
  };
  return { state, terms, puts, added, remove: { from: last.index + 1, to: before.last.index + 1 } };
}

/**
 * A snapshot is of committed entries, whatever the commit index beside it says: that one may lag, as nobody waits for it,
 * but a log that starts behind its own snapshot could not be opened.
 */
export function committedUpTo(hardState: HardState, snapshotIndex: number): HardState {
  return hardState.commit >= snapshotIndex ? hardState : { ...hardState, commit: snapshotIndex };
}

/** Whether `after` took entries away. */
export function isReplacement(before: LogState, after: LogState): boolean {
  return after.replacedAt !== before.replacedAt;
}

function checkHardState(before: HardState, after: HardState | undefined): void {
  if (after === undefined) return;
  invariant(after.term >= before.term, `term ${after.term} after term ${before.term}`);
  const isSecondVote = after.term === before.term && before.vote !== 0 && after.vote !== before.vote;
  invariant(!isSecondVote, `a second vote in term ${after.term}: for ${after.vote} after ${before.vote}`);
}

function emptyAt(state: LogState, { index, term, checksum }: StagedSnapshot): LogView {
  const base = baseOf({ index, term, checksum });
  const { chain } = base;
  return {
    state: { ...state, base, snapshot: { index, term, checksum }, last: { index, chain } },
    terms: new TermRuns(base),
    chainAt: () => chain,
  };
}

function encodeAll(
  news: readonly Entry[],
  from: number,
  terms: TermRuns,
  chainAt: (index: number) => number,
): { readonly puts: RecordBatch["puts"]; readonly added: readonly TailEntry[]; readonly chain: number } {
  const puts: { readonly index: number; readonly bytes: Uint8Array }[] = [];
  const added: TailEntry[] = [];
  let chain = news.length === 0 ? 0 : chainAt(from - 1);
  for (const [offset, entry] of news.entries()) {
    const index = from + offset;
    invariant(entry.index === index, `a gap before entry ${entry.index}`);
    terms.push(index, entry.term);
    const record = encodeRecord(entry, terms.start(index), chain);
    ({ chain } = record);
    puts.push({ index, bytes: record.bytes });
    added.push({ entry: record.stored, chain });
  }
  return { puts, added, chain };
}
