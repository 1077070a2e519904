/**
 * The commands that wait, on disk and in memory. What was acknowledged stays until it is settled, through crashes at any moment and
 * a full disk; a damaged file is kept beside what could be read of it. Numbers are never given twice: where the end of the file cannot be read, as many are left out as it may have held.
 */
import { randomUUID } from "node:crypto";
import type { OutboxFile } from "./file.ts";
import { encodeRecords, readOutbox, type OutboxImage, type OutboxRecord, type Waiting } from "./records.ts";

/** Settled commands stay in the file until there are so many bytes more of it than of what waits. */
const SLACK_BYTES = 256 * 1024;

/** What was found when it was opened. */
export interface Found {
  /** At the end of the file; of a write that a crash cut short, or damaged. */
  readonly lostBytes: number;
  /** The file could not be read at all: another box begins. */
  readonly isUnreadable: boolean;
}

/** The file is that of newer software. */
export class NewerFormat extends Error {}

interface Pending {
  readonly waiting: Waiting;
  readonly written: PromiseWithResolvers<void>;
}

export class Journal {
  readonly box: string;
  readonly #file: OutboxFile;
  #waiting: Waiting[];
  #waitingBytes: number;
  #next: number;
  #chain: number;
  /** Of the file, as far as it is whole. */
  #length: number;
  /** What is to be done before the next write. `truncate`: a write has failed, and something may stand behind what is whole. */
  #repair: "none" | "truncate" | "rewrite" | "set-aside";
  #pending: Pending[] = [];
  #turns: Promise<void> = Promise.resolve();

  private constructor(file: OutboxFile, image: OutboxImage, length: number) {
    const { box, next, waiting, chain, lostBytes } = image;
    this.#file = file;
    this.box = box;
    // A command that was lost took more than a byte.
    this.#next = next + lostBytes;
    this.#waiting = [...waiting];
    this.#waitingBytes = bytesOf(waiting);
    [this.#length, this.#chain] = [length, chain];
    this.#repair = lostBytes > 0 ? "set-aside" : length === 0 ? "rewrite" : "none";
  }

  /** Writes nothing. @throws the system's error; NewerFormat */
  static async open(file: OutboxFile): Promise<{ readonly journal: Journal; readonly found: Found }> {
    const bytes = await file.read();
    const image = readOutbox(bytes);
    if (image?.isNewer === true) throw new NewerFormat("the outbox is of a newer format");
    // Nobody else ever has this name, so that what the old box had on its way is not taken for one of this.
    const empty = { box: randomUUID(), next: 1, waiting: [], chain: 0, lostBytes: bytes.length, isNewer: false };
    const journal = new Journal(file, image ?? empty, bytes.length);
    const { lostBytes } = image ?? empty;
    return { journal, found: { lostBytes, isUnreadable: image === undefined && bytes.length > 0 } };
  }

  /** In the order of their numbers; only what is durable. */
  get waiting(): readonly Waiting[] {
    return this.#waiting;
  }

  /** With what is about to be written. */
  get size(): { readonly count: number; readonly bytes: number } {
    const pending = this.#pending.map((each) => each.waiting);
    return { count: this.#waiting.length + pending.length, bytes: this.#waitingBytes + bytesOf(pending) };
  }

  /** Whether a command of that number was ever written down. */
  hasHad(sequence: number): boolean {
    return sequence >= 1 && sequence < this.#next;
  }

  /** Its number, once it is durable. @throws the system's error; then it is not kept, and what waits already is as it was */
  async append(command: Uint8Array, atMs: number): Promise<number> {
    const sequence = this.#next;
    this.#next += 1;
    const pending = { waiting: { sequence, atMs, command }, written: Promise.withResolvers<void>() };
    this.#pending.push(pending);
    void this.#inTurn(() => this.#writePending());
    await pending.written.promise;
    return sequence;
  }

  /**
   * What waits up to this number waits no more. Not waited for to be durable: what is forgotten by a crash is delivered again, and
   * told apart by its number. @throws the system's error; then it waits no more all the same, and is written down with the next
   */
  settle(sequence: number): Promise<void> {
    const settled = this.#waiting.filter((each) => each.sequence <= sequence);
    this.#waiting = this.#waiting.slice(settled.length);
    this.#waitingBytes -= bytesOf(settled);
    return this.#inTurn(async () => {
      const isSlack = this.#length > this.#waitingBytes * 2 + SLACK_BYTES;
      if (!isSlack) return this.#write([{ kind: "settled", sequence }], false);
      if (this.#repair !== "set-aside") this.#repair = "rewrite";
      return this.#mend();
    });
  }

  /** Ends the box, and what it holds: how many commands that were. @throws the system's error */
  async clear(): Promise<number> {
    let count = 0;
    await this.#inTurn(async () => {
      count = this.#waiting.length;
      await this.#file.remove();
      [this.#waiting, this.#waitingBytes] = [[], 0];
    });
    return count;
  }

  close(): Promise<void> {
    return this.#inTurn(() => this.#file.close());
  }

  /** All that came meanwhile at once: one sync is enough for many. */
  async #writePending(): Promise<void> {
    const batch = [...this.#pending];
    if (batch.length === 0) return;
    try {
      await this.#write(
        batch.map(({ waiting }) => ({ kind: "command", ...waiting })),
        true,
      );
    } catch (error) {
      this.#pending = this.#pending.slice(batch.length);
      for (const { written } of batch) written.reject(error);
      return;
    }
    const written = batch.map(({ waiting }) => waiting);
    this.#pending = this.#pending.slice(batch.length);
    this.#waiting.push(...written);
    this.#waitingBytes += bytesOf(written);
    for (const each of batch) each.written.resolve();
  }

  async #write(records: readonly OutboxRecord[], isSynced: boolean): Promise<void> {
    await this.#mend();
    const { bytes, chain } = encodeRecords(records, this.#chain);
    try {
      await this.#file.append(bytes, { isSynced });
    } catch (error) {
      this.#repair = "truncate";
      // At once if that is possible, lest a crash brings back what its caller was told is not kept; else before the next write.
      await this.#mend().catch(() => undefined);
      throw error;
    }
    this.#length += bytes.length;
    this.#chain = chain;
  }

  async #mend(): Promise<void> {
    if (this.#repair === "set-aside") await this.#file.setAside();
    if (this.#repair === "rewrite" || this.#repair === "set-aside") return this.#rewrite();
    if (this.#repair === "truncate") await this.#file.truncate(this.#length);
    this.#repair = "none";
  }

  async #rewrite(): Promise<void> {
    // Numbers that were given to what is not written yet are left out, should it never be.
    const head: OutboxRecord = { kind: "head", box: this.box, next: this.#next };
    const commands = this.#waiting.map((each): OutboxRecord => ({ kind: "command", ...each }));
    const { bytes, chain } = encodeRecords([head, ...commands], 0);
    await this.#file.replace(bytes);
    [this.#length, this.#chain, this.#repair] = [bytes.length, chain, "none"];
  }

  #inTurn(work: () => Promise<void>): Promise<void> {
    const done = this.#turns.then(work);
    // Whoever asked for it hears of its failure; the next begins all the same.
    this.#turns = done.catch(() => undefined);
    return done;
  }
}

function bytesOf(waiting: readonly Waiting[]): number {
  return waiting.reduce((sum, { command }) => sum + command.length, 0);
}
