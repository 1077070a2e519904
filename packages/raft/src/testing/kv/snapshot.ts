/**
 * The machine's state as bytes: a header (magic, revision, number of entries), the entries (key, revision, value), and
 * the CRC-32 of all that.
 */
import { crc32 } from "node:zlib";
import { RaftError } from "../../errors.ts";
import { bytesOf, FieldParser, Fields, type ByteText } from "./fields.ts";

/** A key as it is in the machine. Never changed, only replaced: snapshots and watches share it. */
export interface KvEntry {
  readonly key: string;
  readonly value: ByteText;
  /** Index of the log entry that wrote it. */
  readonly revision: number;
}

export interface KvContents {
  readonly revision: number;
  readonly entries: readonly KvEntry[];
}

/** "PKV" and the format's number. */
const MAGIC = 0x504b5601;
const HEADER_BYTES = 20;
const CHUNK_BYTES = 65_536;

/** Chunks of at most 64 KB. */
export function* encodeSnapshot({ revision, entries }: KvContents): Generator<Uint8Array> {
  let parts = [new Fields().u32(MAGIC).count(revision).count(entries.length).bytes()];
  let [size, checksum] = [HEADER_BYTES, 0];
  for (const entry of entries) {
    const part = new Fields().text(entry.key).count(entry.revision).block(bytesOf(entry.value)).bytes();
    parts.push(part);
    size += part.length;
    if (size < CHUNK_BYTES) continue;
    const bytes = Buffer.concat(parts);
    [parts, size] = [[], 0];
    checksum = crc32(bytes, checksum);
    yield* slices(bytes);
  }
  const bytes = Buffer.concat(parts);
  yield* slices(Buffer.concat([bytes, new Fields().u32(crc32(bytes, checksum)).bytes()]));
}

function* slices(bytes: Buffer): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += CHUNK_BYTES) yield bytes.subarray(at, at + CHUNK_BYTES);
}

/** Reads what {@link encodeSnapshot} gave, in whatever pieces it comes. @throws RaftError `corrupt` */
export async function decodeSnapshot(chunks: AsyncIterable<Uint8Array>): Promise<KvContents> {
  const reader = new SnapshotReader();
  for await (const chunk of chunks) reader.add(chunk);
  return reader.end();
}

/** Keeps what is not read yet: less than an entry and a chunk. */
class SnapshotReader {
  #pieces: Uint8Array[] = [];
  #size = 0;
  /** Below that many bytes nothing can be read. */
  #needed = HEADER_BYTES;
  #checksum = 0;
  #revision = 0;
  /** Entries still to come; undefined before the header. */
  #left: number | undefined;
  readonly #entries: KvEntry[] = [];

  add(chunk: Uint8Array): void {
    this.#pieces.push(chunk);
    this.#size += chunk.length;
    if (this.#size >= this.#needed) this.#read();
  }

  end(): KvContents {
    if (this.#left !== 0 || this.#size !== 4) throw corrupt("it does not end where it should");
    if (new FieldParser(Buffer.concat(this.#pieces)).u32() !== this.#checksum) throw corrupt("its checksum is another");
    return { revision: this.#revision, entries: this.#entries };
  }

  #read(): void {
    const bytes = Buffer.concat(this.#pieces);
    let at = this.#left === undefined ? this.#readHeader(bytes) : 0;
    while (this.#left !== undefined && this.#left > 0) {
      const length = entryLength(bytes, at);
      this.#needed = length;
      if (bytes.length - at < length) break;
      this.#readEntry(bytes.subarray(at, at + length));
      at += length;
      this.#left -= 1;
    }
    if (this.#left === 0) this.#needed = Infinity;
    this.#checksum = crc32(bytes.subarray(0, at), this.#checksum);
    // A copy, so that the chunks it came in can go.
    this.#pieces = [Buffer.from(bytes.subarray(at))];
    this.#size = bytes.length - at;
  }

  #readHeader(bytes: Buffer): number {
    const header = new FieldParser(bytes);
    if (header.u32() !== MAGIC) throw corrupt("it does not begin like one");
    const [revision, left] = [header.count(), header.count()];
    if (revision === undefined || left === undefined) throw corrupt("its header makes no sense");
    this.#revision = revision;
    this.#left = left;
    return HEADER_BYTES;
  }

  #readEntry(bytes: Buffer): void {
    const fields = new FieldParser(bytes);
    const [key, revision, value] = [fields.text(), fields.count(), fields.byteText()];
    if (key === undefined || revision === undefined || value === undefined) throw corrupt("an entry makes no sense");
    if (revision > this.#revision) throw corrupt("an entry is newer than the whole");
    this.#entries.push({ key, value, revision });
  }
}

/** How long the entry at `at` is; as far as one has to read to know more. */
function entryLength(bytes: Buffer, at: number): number {
  if (bytes.length - at < 4) return 4;
  const toValue = 4 + bytes.readUInt32BE(at) + 8 + 4;
  return bytes.length - at < toValue ? toValue : toValue + bytes.readUInt32BE(at + toValue - 4);
}

function corrupt(why: string): RaftError {
  return new RaftError("corrupt", `not a snapshot of the key-value machine: ${why}`);
}
