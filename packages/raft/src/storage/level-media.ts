/** A real disk: LevelDB for the records, files beside it for the rest. Everything is in one folder. */
import { mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { Level } from "level";
import { invariant, RaftError } from "../errors.ts";
import { FileHighWater, FileSnapshots, syncFolder } from "./files.ts";
import type { LogMedia, RecordBatch, RecordMedia } from "./media.ts";

type Database = Level<Buffer, Buffer>;
type Operation =
  | { readonly type: "put"; readonly key: Buffer; readonly value: Buffer }
  | { readonly type: "del"; readonly key: Buffer };

const DATABASE = "log";
/** A database that lost something, for a person to look at; only the newest is kept. */
const DAMAGED = "log.damaged";
const REBUILT = "log.new";
const PAGE_RECORDS = 2000;
const PAGE_BYTES = 4 * 1024 * 1024;
/**
 * Behind all entries: tables are then split at rising indexes, and LevelDB's compactions mostly move them. Before them it
 * would stretch each table over the whole log.
 */
const STATE_KEY = Buffer.from("s");
const ENTRY_PREFIX = "e".charCodeAt(0);

/**
 * Opens the folder, making what is missing. A database that does not open is put aside and told as `damage`.
 * @throws RaftError `locked`.
 */
export async function openLevelMedia(folder: string): Promise<LogMedia> {
  await mkdir(folder, { recursive: true });
  await rm(join(folder, REBUILT), { recursive: true, force: true });
  const { database, damage } = await openOrPutAside(folder);
  const records = new LevelRecords(folder, database);
  try {
    return await withFiles(folder, records, damage);
  } catch (error) {
    await records.close();
    throw error;
  }
}

async function withFiles(folder: string, records: LevelRecords, damage: string | undefined): Promise<LogMedia> {
  const snapshots = await FileSnapshots.open(folder);
  const highWater = await FileHighWater.open(folder);
  return {
    records,
    highWater,
    snapshots,
    damage,
    async close() {
      await snapshots.close();
      await highWater.close();
      await records.close();
    },
  };
}

async function openOrPutAside(
  folder: string,
): Promise<{ readonly database: Database; readonly damage: string | undefined }> {
  try {
    return { database: await openDatabase(join(folder, DATABASE)), damage: undefined };
  } catch (error) {
    const code = codeOf(error);
    if (code === "LEVEL_LOCKED") {
      throw new RaftError("locked", `${folder} is in use by another process`, { cause: error });
    }
    if (code !== "LEVEL_CORRUPTION" && !isMissingPart(error)) throw error;
    await putAside(folder);
    const damage = `LevelDB does not open: ${messageOf(error)}`;
    return { database: await openDatabase(join(folder, DATABASE)), damage };
  }
}

async function putAside(folder: string): Promise<void> {
  await rm(join(folder, DAMAGED), { recursive: true, force: true });
  await rename(join(folder, DATABASE), join(folder, DAMAGED));
}

async function openDatabase(path: string): Promise<Database> {
  // Entries are small and often ciphertext: compression costs more than it saves.
  const database: Database = new Level(path, {
    keyEncoding: "buffer",
    valueEncoding: "buffer",
    compression: false,
    cacheSize: 4 * 1024 * 1024,
    // What LevelDB keeps in memory twice over, and would have to read again on open.
    writeBufferSize: 1024 * 1024,
  });
  try {
    await database.open();
  } catch (error) {
    // What went wrong is the cause; the error itself only says that it is not open.
    throw error instanceof Error && error.cause !== undefined ? error.cause : error;
  }
  return database;
}

class LevelRecords implements RecordMedia {
  readonly #folder: string;
  #database: Database;

  constructor(folder: string, database: Database) {
    this.#folder = folder;
    this.#database = database;
  }

  async readState(): Promise<Uint8Array | undefined> {
    try {
      return await this.#database.get(STATE_KEY);
    } catch (error) {
      throw unreadable(error);
    }
  }

  async write({ state, puts, remove }: RecordBatch, sync: boolean): Promise<void> {
    const operations: Operation[] = puts.map(({ index, bytes }) => ({
      type: "put",
      key: entryKey(index),
      value: asBuffer(bytes),
    }));
    for (let index = remove.from; index < remove.to; index += 1) operations.push({ type: "del", key: entryKey(index) });
    operations.push({ type: "put", key: STATE_KEY, value: asBuffer(state) });
    await this.#database.batch(operations, { sync });
  }

  read(index: number): Uint8Array | undefined {
    try {
      return this.#database.getSync(entryKey(index));
    } catch (error) {
      throw unreadable(error);
    }
  }

  async *scan(low: number, high: number): AsyncIterable<readonly Uint8Array[]> {
    const values = this.#database.values({ gte: entryKey(low), lt: entryKey(high), highWaterMarkBytes: PAGE_BYTES });
    try {
      for (;;) {
        const page = await values.nextv(PAGE_RECORDS);
        if (page.length === 0) return;
        yield page;
      }
    } catch (error) {
      throw unreadable(error);
    } finally {
      await values.close();
    }
  }

  async clearBelow(index: number): Promise<void> {
    await this.#database.clear({ gte: entryKey(0), lt: entryKey(index) });
  }

  async rebuild(state: Uint8Array, from: number, to: number): Promise<void> {
    const path = join(this.#folder, REBUILT);
    const rebuilt = await openDatabase(path);
    try {
      for (let low = from; low < to; low += PAGE_RECORDS) {
        // One by one: an iterator also reads the neighbours of what it is asked for, and one of them is damaged.
        const indexes = Array.from({ length: Math.min(PAGE_RECORDS, to - low) }, (_, offset) => low + offset);
        await rebuilt.batch(indexes.map((index) => ({ type: "put", key: entryKey(index), value: this.#kept(index) })));
      }
      await rebuilt.put(STATE_KEY, asBuffer(state), { sync: true });
    } finally {
      await rebuilt.close();
    }
    await this.#database.close();
    await putAside(this.#folder);
    await rename(path, join(this.#folder, DATABASE));
    await syncFolder(this.#folder);
    this.#database = await openDatabase(join(this.#folder, DATABASE));
  }

  #kept(index: number): Buffer {
    const bytes = this.read(index);
    invariant(bytes !== undefined, `record ${index}, which was just read, is gone`);
    return asBuffer(bytes);
  }

  close(): Promise<void> {
    return this.#database.close();
  }
}

/** Big-endian, so that LevelDB's order is the order of indexes. */
function entryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(9);
  key[0] = ENTRY_PREFIX;
  key.writeUInt32BE(Math.floor(index / 2 ** 32), 1);
  key.writeUInt32BE(index % 2 ** 32, 5);
  return key;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** LevelDB could not read what it should hold; its synchronous reads say so without a code. */
function unreadable(error: unknown): unknown {
  const code = codeOf(error);
  const isDamage =
    code === "LEVEL_CORRUPTION" || code === "LEVEL_IO_ERROR" || /^(?:Corruption|IO error):/.test(messageOf(error));
  return isDamage ? new RaftError("corrupt", `LevelDB cannot read: ${messageOf(error)}`, { cause: error }) : error;
}

/** LevelDB reports a missing CURRENT, MANIFEST or table as an input error; a full disk or missing rights are not damage. */
function isMissingPart(error: unknown): boolean {
  const message = messageOf(error);
  return codeOf(error) === "LEVEL_IO_ERROR" && /No such file|does not exist|CURRENT|not found/i.test(message);
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
