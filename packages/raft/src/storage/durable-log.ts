/** The log store on any disk: what is written when, and what is read from memory. */
import { invariant, isRaftError, RaftError } from "../errors.ts";
import {
  EMPTY_CONF_STATE,
  entriesBytes,
  type ConfState,
  type Entry,
  type HardState,
  type Snapshot,
} from "../core/types.ts";
import { claimOf, encodeHighWater, isUrgent, slotOf, type HighWater } from "./high-water.ts";
import type {
  DoubtReason,
  LogStore,
  LogWrite,
  OpenResult,
  SnapshotContents,
  SnapshotMeta,
  SnapshotWriter,
  StagedSnapshot,
  Verification,
  WriteOptions,
} from "./log-store.ts";
import type { LogMedia } from "./media.ts";
import { decodeRecord } from "./record.ts";
import { notLinked, recover, scanChain, type Migration, type Recovered } from "./recovery.ts";
import { beginSnapshotFile, readSnapshotFile, snapshotName } from "./snapshot-file.ts";
import { encodeState, type LogState } from "./state-record.ts";
import { Tail, type TailEntry } from "./tail.ts";
import type { TermRuns } from "./terms.ts";
import { Turns } from "./turns.ts";
import { committedUpTo, isReplacement, planWrite, type WritePlan } from "./write-plan.ts";

/** How a log is kept. */
export interface LogStoreOptions {
  /** Entries that compaction leaves behind what it was told, for followers that are slow. Default 5000. */
  readonly trailingEntries?: number;
  /** Newest entries kept in memory, in bytes with their overhead. Default 2 MiB. */
  readonly tailBytes?: number;
  /**
   * How many of the newest entries are read and checked on open; the older ones when they are read, or by `verify`.
   * Default 262,144: far more than LevelDB's write-ahead log can hold, which is what it drops silently.
   */
  readonly verifyEntries?: number;
  /** Beside the built-in ones: brings stored formats up to date, by the version they start from. */
  readonly migrations?: ReadonlyMap<number, Migration>;
  /**
   * A log was kept here before, as the caller knows from elsewhere: if there is none, it was lost, and the new one is in doubt,
   * since it may have voted and acknowledged what nobody here remembers. Default false.
   */
  readonly wasKept?: boolean;
}

const DEFAULT_TRAILING_ENTRIES = 5000;
const DEFAULT_TAIL_BYTES = 2 * 1024 * 1024;
const DEFAULT_VERIFY_ENTRIES = 262_144;
const VERIFY_PAGE_ENTRIES = 4096;
const NO_DATA = new Uint8Array();
const NOTHING_REMOVED = { from: 0, to: 0 };

/** Opens the log on `media`, and closes `media` if that does not succeed. @throws RaftError `unknown-format`. */
export async function openDurableLog(media: LogMedia, options: LogStoreOptions = {}): Promise<LogStore> {
  try {
    const recovered = await recover(media, {
      verifyEntries: options.verifyEntries ?? DEFAULT_VERIFY_ENTRIES,
      migrations: options.migrations ?? new Map(),
      wasKept: options.wasKept ?? false,
    });
    const { snapshot } = recovered.state;
    await media.snapshots.tidy(snapshot.index === 0 ? undefined : snapshotName(snapshot), new Set());
    return new DurableLog(media, recovered, options);
  } catch (error) {
    await media.close();
    throw error;
  }
}

class DurableLog implements LogStore {
  readonly opened: OpenResult;
  readonly #media: LogMedia;
  readonly #trailingEntries: number;
  readonly #tail: Tail;
  readonly #turns = new Turns();
  #state: LogState;
  #terms: TermRuns;
  #snapshot: SnapshotMeta | undefined;
  /** What the high-water record says now. */
  #claimed: HighWater;
  #doubt: DoubtReason | undefined;
  /** Names of temporary files that somebody still uses. */
  readonly #staged = new Set<string>();
  #stagedCount = 0;
  /** Removal of compacted records, which nobody waits for but `close`. */
  #clearing: Promise<void> = Promise.resolve();

  constructor(media: LogMedia, recovered: Recovered, options: LogStoreOptions) {
    this.#media = media;
    this.#trailingEntries = options.trailingEntries ?? DEFAULT_TRAILING_ENTRIES;
    this.#tail = new Tail(options.tailBytes ?? DEFAULT_TAIL_BYTES);
    this.opened = recovered.opened;
    this.#state = recovered.state;
    this.#terms = recovered.terms;
    this.#snapshot = recovered.snapshot;
    this.#claimed = recovered.claim;
    this.#doubt = recovered.claim.doubt;
    // A crash may have come between the end of a compaction and the removal of its records.
    this.#clearBelowBase();
  }

  initialState(): { readonly hardState: HardState; readonly confState: ConfState } {
    return { hardState: this.#state.hardState, confState: this.#snapshot?.confState ?? EMPTY_CONF_STATE };
  }

  firstIndex(): number {
    return this.#state.base.index + 1;
  }

  lastIndex(): number {
    return this.#state.last.index;
  }

  term(index: number): number {
    if (index < this.#state.base.index) throw new RaftError("compacted", `index ${index} was compacted away`);
    if (index > this.#state.last.index) throw new RaftError("unavailable", `index ${index} is beyond the log`);
    return this.#terms.at(index);
  }

  entries(low: number, high: number, maxBytes: number): readonly Entry[] {
    if (low < this.firstIndex()) throw new RaftError("compacted", `index ${low} was compacted away`);
    if (high > this.lastIndex() + 1) throw new RaftError("unavailable", `index ${high - 1} is beyond the log`);
    const found: Entry[] = [];
    let bytes = 0;
    let chain: number | undefined;
    for (let index = low; index < high; index += 1) {
      const kept = this.#tail.get(index) ?? this.#read(index, chain);
      bytes += entriesBytes([kept.entry]);
      if (found.length > 0 && bytes > maxBytes) break;
      ({ chain } = kept);
      found.push(kept.entry);
    }
    return found;
  }

  snapshot(): Snapshot {
    const { index, term, confState } = this.#snapshot ?? { index: 0, term: 0, confState: EMPTY_CONF_STATE };
    return { index, term, confState, data: NO_DATA };
  }

  write(write: LogWrite, { sync }: WriteOptions): Promise<void> {
    return this.#turns.take(async () => {
      const snapshot = write.snapshot === undefined ? undefined : await this.#install(write.snapshot);
      const plan = planWrite(this.#view(), { hardState: write.hardState, entries: write.entries ?? [], snapshot });
      invariant(sync || isCommitOnly(this.#state, plan), "only a new commit index may be written without sync");
      await this.#commit(plan, sync);
      if (snapshot !== undefined) await this.#adoptSnapshot(snapshot);
    });
  }

  compact(index: number): Promise<void> {
    return this.#turns.take(async () => {
      const { base, snapshot, last } = this.#state;
      invariant(index <= snapshot.index, `compaction up to ${index} is beyond the snapshot at ${snapshot.index}`);
      const upTo = Math.min(index - this.#trailingEntries, last.index);
      if (upTo <= base.index) return;
      const { entry, chain } = this.#tail.get(upTo) ?? this.#read(upTo);
      const terms = this.#terms.clone();
      terms.compact(upTo);
      const state = this.#next({ base: { index: upTo, term: entry.term, chain } });
      await this.#commit({ state, terms, puts: [], added: [], remove: NOTHING_REMOVED }, true);
      this.#clearBelowBase();
    });
  }

  async beginSnapshot(meta: SnapshotMeta): Promise<SnapshotWriter> {
    this.#turns.check();
    this.#stagedCount += 1;
    const name = `${meta.index}-${meta.term}.${this.#stagedCount}.part`;
    this.#staged.add(name);
    return beginSnapshotFile(this.#media.snapshots, name, meta, () => this.#staged.delete(name));
  }

  saveSnapshot(staged: StagedSnapshot): Promise<void> {
    return this.#turns.take(async () => {
      if (this.term(staged.index) !== staged.term) {
        throw new RaftError("unavailable", `the log has no entry ${staged.index} of term ${staged.term}`);
      }
      const { index, term, checksum } = await this.#install(staged);
      const hardState = committedUpTo(this.#state.hardState, index);
      const state = this.#next({ snapshot: { index, term, checksum }, hardState });
      await this.#commit({ state, terms: this.#terms, puts: [], added: [], remove: NOTHING_REMOVED }, true);
      await this.#adoptSnapshot(staged);
    });
  }

  async discardSnapshot({ staged }: StagedSnapshot): Promise<void> {
    this.#staged.delete(staged);
    await this.#media.snapshots.discard(staged);
  }

  async readSnapshot(): Promise<SnapshotContents> {
    this.#turns.check();
    const { snapshot } = this.#state;
    if (snapshot.index === 0) throw new RaftError("snapshot-unavailable", "there is no snapshot yet");
    return readSnapshotFile(this.#media.snapshots, snapshot, snapshot.checksum);
  }

  async verify(signal?: AbortSignal): Promise<Verification> {
    let entries = 0;
    let next = 0;
    for (;;) {
      signal?.throwIfAborted();
      // Page by page, each in a turn of its own: no write changes the chain meanwhile, and none waits for long.
      const page = await this.#turns.take(() => this.#verifyPage(next));
      if (page.error !== undefined) {
        await this.#turns.take(() => this.#claimDoubt("record-damaged"));
        return { intact: false, index: page.good + 1, detail: page.error.message };
      }
      entries += page.entries;
      next = page.good + 1;
      if (page.entries === 0) return { intact: true, entries };
    }
  }

  doubt(): Promise<void> {
    return this.#turns.take(() => this.#claimDoubt("log-behind"));
  }

  settleDoubt(): Promise<void> {
    return this.#turns.take(() => this.#claimDoubt(undefined));
  }

  async close(): Promise<void> {
    if (!(await this.#turns.end())) return;
    await this.#clearing;
    await this.#media.close();
  }

  /** Writes down that the log is in doubt, or no more: the next opening goes by it. */
  async #claimDoubt(doubt: DoubtReason | undefined): Promise<void> {
    if (this.#doubt === doubt) return;
    this.#doubt = doubt;
    const state = this.#next({});
    await this.#commit({ state, terms: this.#terms, puts: [], added: [], remove: NOTHING_REMOVED }, true);
  }

  async #verifyPage(
    next: number,
  ): Promise<{ readonly entries: number; readonly good: number; readonly error: RaftError | undefined }> {
    const { base, last } = this.#state;
    const from = Math.max(next, base.index + 1);
    const to = Math.min(from + VERIFY_PAGE_ENTRIES - 1, last.index);
    if (from > to) return { entries: 0, good: last.index, error: undefined };
    const { chainAt } = this.#view();
    try {
      const ends = { base: { index: from - 1, chain: chainAt(from - 1) }, last: { index: to, chain: chainAt(to) } };
      return { entries: to - from + 1, ...(await scanChain(this.#media.records, ends, from)) };
    } catch (error) {
      if (!isRaftError(error, "corrupt")) throw error;
      return { entries: 0, good: from - 1, error };
    }
  }

  #view(): { readonly state: LogState; readonly terms: TermRuns; readonly chainAt: (index: number) => number } {
    const chainAt = (index: number): number => {
      if (index === this.#state.base.index) return this.#state.base.chain;
      if (index === this.#state.last.index) return this.#state.last.chain;
      return (this.#tail.get(index) ?? this.#read(index)).chain;
    };
    return { state: this.#state, terms: this.#terms, chainAt };
  }

  #next(changes: Partial<LogState>): LogState {
    return { ...this.#state, ...changes, sequence: this.#state.sequence + 1 };
  }

  /** First the database, then the high-water record, then what readers see: see `high-water.ts` for why. */
  async #commit({ state, terms, puts, added, remove }: WritePlan, sync: boolean): Promise<void> {
    await this.#turns.dangerous(async () => {
      await this.#media.records.write({ state: encodeState(state), puts, remove }, sync);
      if (sync) {
        const claim = await this.#nextClaim(state);
        await this.#media.highWater.writeSlot(slotOf(claim), encodeHighWater(claim), isUrgent(this.#claimed, claim));
        this.#claimed = claim;
      }
    });
    if (isReplacement(this.#state, state)) this.#tail.truncate(added[0]?.entry.index ?? 0);
    if (state.base.index > this.#state.base.index) this.#tail.compact(state.base.index);
    for (const each of added) this.#tail.push(each);
    this.#state = state;
    this.#terms = terms;
  }

  /** The slot that is not durable yet is written over; the other one holds what was durable last. */
  async #nextClaim(state: LogState): Promise<HighWater> {
    const { generation } = this.#claimed;
    return claimOf(state, (await this.#media.highWater.isSettled()) ? generation + 1 : generation, this.#doubt);
  }

  /** Puts a snapshot's file in place; the log does not speak of it yet. */
  async #install(snapshot: Snapshot | StagedSnapshot): Promise<StagedSnapshot> {
    if (snapshot.index <= this.#state.snapshot.index) {
      const { index } = this.#state.snapshot;
      throw new RaftError("snapshot-out-of-date", `snapshot ${snapshot.index} is not newer than ${index}`);
    }
    const staged = "staged" in snapshot ? snapshot : await this.#stage(snapshot);
    invariant(this.#staged.has(staged.staged), `snapshot ${staged.index} was used or discarded before`);
    await this.#turns.dangerous(() => this.#media.snapshots.publish(staged.staged, snapshotName(staged)));
    this.#staged.delete(staged.staged);
    return staged;
  }

  async #stage({ data, ...meta }: Snapshot): Promise<StagedSnapshot> {
    const writer = await this.beginSnapshot(meta);
    try {
      await writer.write(data);
      return await writer.finish();
    } catch (error) {
      await writer.abort();
      throw error;
    }
  }

  async #adoptSnapshot({ index, term, confState, ...staged }: StagedSnapshot): Promise<void> {
    invariant(staged.checksum === this.#state.snapshot.checksum, "the log speaks of another snapshot");
    this.#snapshot = { index, term, confState };
    this.#clearBelowBase();
    await this.#media.snapshots.tidy(snapshotName({ index, term }), this.#staged);
  }

  #clearBelowBase(): void {
    const { index } = this.#state.base;
    if (index === 0) return;
    this.#clearing = this.#clearing
      .then(() => this.#media.records.clearBelow(index + 1))
      .catch((error: unknown) => {
        this.#turns.fail(error);
      });
  }

  #read(index: number, before?: number): TailEntry {
    this.#turns.check();
    const record = decodeRecord(this.#media.records.read(index), index);
    if (before !== undefined && record.before !== before) throw notLinked(index);
    return record;
  }
}

function isCommitOnly({ hardState }: LogState, { state, puts }: WritePlan): boolean {
  const { term, vote } = state.hardState;
  return puts.length === 0 && term === hardState.term && vote === hardState.vote && state.replacedAt !== state.sequence;
}
