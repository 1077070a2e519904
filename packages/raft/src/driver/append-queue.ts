/**
 * Makes durable what the core asks for, one write at a time. What comes while a write is under way is gathered and
 * written together, so that one sync carries as many proposals as there are (group commit).
 */
import { APPEND_THREAD, type Entry, type HardState, type Message } from "../core/types.ts";
import type { LogStore, LogWrite, StagedSnapshot } from "../storage/log-store.ts";

export interface AppendHost {
  readonly log: LogStore;
  /** The log became a snapshot: brings the state machine there. Nothing is written meanwhile. */
  restore(): Promise<void>;
  /** What was waiting for the write may be said now. */
  stored(responses: readonly Message[], tookMs: number | undefined): void;
  failed(error: unknown): void;
  nowMs(): number;
}

/** A storage message, with the contents of its snapshot. */
interface Work {
  readonly message: Message;
  readonly staged: StagedSnapshot | undefined;
}

/** Several storage messages as one write. */
interface Gathered {
  readonly hardState: HardState | undefined;
  readonly entries: readonly Entry[];
  readonly snapshot: StagedSnapshot | undefined;
  readonly responses: readonly Message[];
  readonly mustSync: boolean;
}

export class AppendQueue {
  readonly #host: AppendHost;
  #waiting: Work[] = [];
  #isWriting = false;
  #isClosed = false;
  /** Term and vote that are on disk, or on their way there. */
  #durable: HardState;
  /** A commit index that is worth writing with the next write, but no write of its own. */
  #lazy: HardState | undefined;
  /** The commit index on disk. */
  #keptCommit: number;
  /** A commit index of which that does not hold: it is written as soon as it is known. */
  #wantedCommit = 0;
  #idle: Promise<void> = Promise.resolve();

  constructor(host: AppendHost) {
    this.#host = host;
    this.#durable = host.log.initialState().hardState;
    this.#keptCommit = this.#durable.commit;
  }

  get isWriting(): boolean {
    return this.#isWriting;
  }

  /** `staged`: the contents of `message.snapshot`. */
  push(message: Message, staged: StagedSnapshot | undefined): void {
    this.#waiting.push({ message, staged });
  }

  /**
   * That the log is committed up to `index` is to outlive everybody's end: a change of membership counts from there on. Whoever
   * starts again goes by the membership that it knows to be committed; were that forgotten by all, those that the older one
   * asks for may be gone for good, though the newer one could do without them.
   */
  keepCommit(index: number): void {
    if (index > this.#keptCommit) this.#wantedCommit = Math.max(this.#wantedCommit, index);
    this.flush();
  }

  /** Starts writing what was pushed, unless a write is under way: that one goes on with it. */
  flush(): void {
    if (this.#isWriting || this.#isClosed || !this.#hasWork) return;
    this.#isWriting = true;
    this.#idle = this.#run();
  }

  /** Waits for the write under way and keeps the last commit index; what was not begun is dropped, as in a crash. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting = [];
    await this.#idle;
    const hardState = this.#lazy;
    if (hardState !== undefined) await this.#host.log.write({ hardState }, { sync: false });
  }

  get #hasWork(): boolean {
    return this.#waiting.length > 0 || this.#isWanted(this.#lazy);
  }

  #isWanted(hardState: HardState | undefined): boolean {
    const wanted = this.#wantedCommit;
    return hardState !== undefined && wanted > this.#keptCommit && hardState.commit >= wanted;
  }

  async #run(): Promise<void> {
    try {
      while (this.#hasWork) await this.#write(this.#gather());
      this.#isWriting = false;
    } catch (error) {
      // It stays "writing": nothing may be written any more.
      this.#lazy = undefined;
      this.#host.failed(error);
    }
  }

  async #write({ hardState, entries, snapshot, responses, mustSync }: Gathered): Promise<void> {
    const { log } = this.#host;
    if (!mustSync) {
      this.#lazy = hardState ?? this.#lazy;
      this.#host.stored(responses, undefined);
      return;
    }
    this.#lazy = undefined;
    const startedMs = this.#host.nowMs();
    const write: LogWrite = { hardState, entries, snapshot };
    await log.write(write, { sync: true });
    this.#keptCommit = Math.max(this.#keptCommit, hardState?.commit ?? 0);
    const tookMs = this.#host.nowMs() - startedMs;
    if (snapshot !== undefined) await this.#host.restore();
    this.#host.stored(responses, tookMs);
  }

  /** Everything that waits, up to and including the first snapshot. */
  #gather(): Gathered {
    let hardState: HardState | undefined;
    let entries: Entry[] = [];
    let snapshot: StagedSnapshot | undefined;
    const responses: Message[] = [];
    let taken = 0;
    for (const { message, staged } of this.#waiting) {
      // Entries before a snapshot would be written over by it: it has to come first in a write.
      if (staged !== undefined && taken > 0) break;
      taken += 1;
      const { term, vote, commit } = message;
      if (term !== 0 || vote !== 0 || commit !== 0) hardState = { term, vote, commit };
      snapshot = staged;
      entries = joined(entries, placed(message.entries));
      responses.push(...message.responses);
      if (snapshot !== undefined) break;
    }
    this.#waiting.splice(0, taken);
    hardState ??= this.#lazy;
    const voted =
      hardState !== undefined && (hardState.term !== this.#durable.term || hardState.vote !== this.#durable.vote);
    if (hardState !== undefined) this.#durable = hardState;
    const mustSync = voted || entries.length > 0 || snapshot !== undefined || this.#isWanted(hardState);
    return { hardState, entries, snapshot, responses: latest(responses), mustSync };
  }
}

function placed(entries: Message["entries"]): Entry[] {
  return entries.filter((entry): entry is Entry => "index" in entry);
}

/** `earlier` as it is once `later` is written over it. */
function joined(earlier: Entry[], later: Entry[]): Entry[] {
  const [first] = later;
  const [base] = earlier;
  if (first === undefined) return earlier;
  if (base === undefined || first.index <= base.index) return later;
  const kept = first.index - base.index;
  if (kept < earlier.length) earlier.length = kept;
  for (const entry of later) earlier.push(entry);
  return earlier;
}

/** Of several acknowledgements to one leader the last says it all. */
function latest(responses: readonly Message[]): readonly Message[] {
  if (responses.length < 2) return responses;
  const seen = new Set<string>();
  const kept: Message[] = [];
  for (const response of responses.toReversed()) {
    const isPlain = response.type === "append-response" && !response.reject;
    const isOwn = response.type === "storage-append-response" && response.snapshot === undefined;
    if ((isPlain || isOwn) && response.from !== 0) {
      const key = `${response.type}/${response.from === APPEND_THREAD ? 0 : response.to}/${response.term}`;
      if (seen.has(key)) continue;
      seen.add(key);
    }
    kept.push(response);
  }
  return kept.toReversed();
}
