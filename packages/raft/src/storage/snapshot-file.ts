/**
 * A snapshot as a file: a header (what it is of), the contents as they came, and a trailer with the length of the
 * contents and the checksum of everything before. Written into the temporary area first.
 */
import { crc32 } from "node:zlib";
import { invariant, RaftError } from "../errors.ts";
import type { ConfState } from "../core/types.ts";
import { FieldReader, FieldWriter, sealOf } from "./bytes.ts";
import type { SnapshotContents, SnapshotMeta, SnapshotWriter, StagedSnapshot } from "./log-store.ts";
import type { ReadableFile, SnapshotMedia, TemporaryFile } from "./media.ts";
import { FORMAT_VERSION } from "./record.ts";

const CHUNK_BYTES = 256 * 1024;
/** Version and length of the rest of the header. */
const PREAMBLE_BYTES = 1 + 8;
/** Length of the contents, checksum. */
const TRAILER_BYTES = 8 + 4;
const MAX_HEADER_BYTES = 1024 * 1024;

export function snapshotName({ index, term }: { readonly index: number; readonly term: number }): string {
  return `${index}-${term}.snapshot`;
}

/** Starts a snapshot in the temporary area; `onAbort` is told when nothing comes of it. */
export async function beginSnapshotFile(
  media: SnapshotMedia,
  name: string,
  meta: SnapshotMeta,
  onAbort: () => void,
): Promise<SnapshotWriter> {
  const file = await media.begin(name);
  const writer = new SnapshotFileWriter(file, meta, onAbort);
  await writer.start();
  return writer;
}

class SnapshotFileWriter implements SnapshotWriter {
  readonly #file: TemporaryFile;
  readonly #meta: SnapshotMeta;
  readonly #onAbort: () => void;
  #checksum = 0;
  #contentBytes = 0;
  #state: "open" | "writing" | "ended" = "open";

  constructor(file: TemporaryFile, meta: SnapshotMeta, onAbort: () => void) {
    this.#file = file;
    this.#meta = meta;
    this.#onAbort = onAbort;
  }

  start(): Promise<void> {
    return this.#exclusively(() => this.#append(encodeHeader(this.#meta)));
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#contentBytes += chunk.length;
    return this.#exclusively(() => this.#append(chunk));
  }

  async finish(): Promise<StagedSnapshot> {
    const { index, term, confState } = this.#meta;
    await this.#exclusively(async () => {
      const trailer = new FieldWriter(TRAILER_BYTES).count(this.#contentBytes);
      this.#checksum = crc32(trailer.bytes.subarray(0, 8), this.#checksum);
      await this.#file.write(trailer.u32(this.#checksum).bytes);
      await this.#file.finish();
    });
    this.#state = "ended";
    return {
      index,
      term,
      confState,
      staged: this.#file.name,
      checksum: this.#checksum,
      contentBytes: this.#contentBytes,
    };
  }

  async abort(): Promise<void> {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#onAbort();
    await this.#file.abort();
  }

  async #append(bytes: Uint8Array): Promise<void> {
    this.#checksum = crc32(bytes, this.#checksum);
    await this.#file.write(bytes);
  }

  async #exclusively(work: () => Promise<void>): Promise<void> {
    invariant(this.#state === "open", "a snapshot is written one chunk after the other, until it ends");
    this.#state = "writing";
    await work();
    this.#state = "open";
  }
}

/** What a visible snapshot says of itself; undefined when it is missing or any of it does not match `checksum`. */
export async function checkSnapshotFile(
  media: SnapshotMedia,
  id: { readonly index: number; readonly term: number },
  checksum: number,
): Promise<SnapshotMeta | undefined> {
  const file = await media.open(snapshotName(id));
  if (file === undefined) return undefined;
  try {
    const { meta, chunks } = await openContents(file, checksum);
    for await (const chunk of chunks) invariant(chunk.length > 0, "a chunk of nothing");
    return meta.index === id.index && meta.term === id.term ? meta : undefined;
  } catch (error) {
    if (error instanceof RaftError && error.code === "corrupt") return undefined;
    throw error;
  } finally {
    await file.close();
  }
}

/** Contents of a visible snapshot as a stream, which closes the file at its end. @throws RaftError `corrupt`. */
export async function readSnapshotFile(
  media: SnapshotMedia,
  id: { readonly index: number; readonly term: number },
  checksum: number,
): Promise<SnapshotContents> {
  const file = await media.open(snapshotName(id));
  if (file === undefined) throw new RaftError("corrupt", `snapshot ${id.index} is gone from the disk`);
  try {
    const { meta, contentBytes, chunks } = await openContents(file, checksum);
    return { meta, contentBytes, chunks: closing(file, chunks) };
  } catch (error) {
    await file.close();
    throw error;
  }
}

async function* closing(file: ReadableFile, chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* chunks;
  } finally {
    await file.close();
  }
}

async function openContents(file: ReadableFile, checksum: number): Promise<SnapshotContents> {
  const preamble = await file.read(0, PREAMBLE_BYTES);
  const bad = (what: string): RaftError => new RaftError("corrupt", `the snapshot's ${what}`);
  if (preamble.length < PREAMBLE_BYTES) throw bad("file is cut off");
  const fields = new FieldReader(preamble);
  const version = fields.u8();
  const headerBytes = fields.count();
  const contentBytes = file.fileBytes - PREAMBLE_BYTES - headerBytes - TRAILER_BYTES;
  if (version !== FORMAT_VERSION || headerBytes > MAX_HEADER_BYTES || contentBytes < 0) throw bad("header is damaged");
  const header = await file.read(PREAMBLE_BYTES, headerBytes);
  const meta = decodeHeader(header);
  if (meta === undefined) throw bad("header is damaged");
  async function* chunks(): AsyncIterable<Uint8Array> {
    let running = crc32(header, crc32(preamble));
    let at = PREAMBLE_BYTES + headerBytes;
    const end = at + contentBytes;
    while (at < end) {
      const chunk = await file.read(at, Math.min(CHUNK_BYTES, end - at));
      if (chunk.length === 0) throw bad("file is cut off");
      running = crc32(chunk, running);
      at += chunk.length;
      yield chunk;
    }
    const trailer = await file.read(end, TRAILER_BYTES);
    if (trailer.length < TRAILER_BYTES) throw bad("file is cut off");
    const trailerFields = new FieldReader(trailer);
    running = crc32(trailer.subarray(0, 8), running);
    if (trailerFields.count() !== contentBytes || trailerFields.u32() !== running || running !== checksum) {
      throw bad("contents do not match their checksum");
    }
  }
  return { meta, contentBytes, chunks: chunks() };
}

function encodeHeader({ index, term, confState }: SnapshotMeta): Uint8Array {
  const { voters, votersOutgoing, learners, learnersNext, autoLeave } = confState;
  const groups = [voters, votersOutgoing, learners, learnersNext];
  const ids = groups.reduce((sum, group) => sum + group.length, 0);
  const headerBytes = 8 + 8 + 1 + 4 * 4 + 8 * ids + 4;
  const header = new FieldWriter(headerBytes)
    .count(index)
    .count(term)
    .u8(autoLeave ? 1 : 0);
  for (const group of groups) {
    header.u32(group.length);
    for (const id of group) header.count(id);
  }
  header.seal();
  const fields = new FieldWriter(PREAMBLE_BYTES + headerBytes).u8(FORMAT_VERSION).count(headerBytes);
  return fields.data(header.bytes).bytes;
}

function decodeHeader(bytes: Uint8Array): SnapshotMeta | undefined {
  if (sealOf(bytes) === undefined) return undefined;
  const fields = new FieldReader(bytes);
  const index = fields.count();
  const term = fields.count();
  const autoLeave = fields.u8() === 1;
  const group = (): readonly number[] => Array.from({ length: fields.u32() }, () => fields.count());
  const confState: ConfState = {
    voters: group(),
    votersOutgoing: group(),
    learners: group(),
    learnersNext: group(),
    autoLeave,
  };
  return { index, term, confState };
}
