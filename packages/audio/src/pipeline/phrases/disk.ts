/** Sounds of fixed phrases on disk: a cache, which may be deleted at any time and never makes anything fail. */
import { createHash, randomUUID } from "node:crypto";
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AudioError } from "../../errors.ts";
import type { Pcm } from "../../format/pcm.ts";
import { hasCode } from "../../models/fetch/file-errors.ts";
import { ByteLru } from "./policy.ts";

/** Options of {@link openPhraseDisk}. */
export interface PhraseDiskOptions {
  /** Of this cache alone; one for each engine. Made when absent. */
  readonly folder: string;
  /** Engine, model and version. Sounds of any other are wiped. */
  readonly generation: string;
  /** Default 64 MiB. */
  readonly maxBytes?: number;
  /** Told once when the disk cannot be written or read, and again only after it could be. */
  readonly onProblem?: (problem: AudioError) => void;
}

/** Where sounds of phrases are found again. */
export interface PhraseDisk {
  /** Whether the sound of `key` is likely to be found. Asks no disk. */
  has(key: string): boolean;
  /** The sound of `key` (lower-case hex); undefined when there is none or it was damaged, which removes it. */
  read(key: string): Promise<Pcm | undefined>;
  write(key: string, pcm: Pcm): Promise<void>;
}

const MAGIC = 0x50_50_43_31;
const HEAD_BYTES = 12;
const SUM_BYTES = 32;
const FOLDER = /^[\da-f]{16}$/u;
const FILE = /^([\da-f]{64})\.pcm$/u;

/** Opens the cache: wipes what is of another generation or was left half written, and what exceeds its room. */
export async function openPhraseDisk(options: PhraseDiskOptions): Promise<PhraseDisk> {
  const disk = new Disk(options);
  await disk.open();
  return disk;
}

class Disk implements PhraseDisk {
  readonly #root: string;
  readonly #folder: string;
  readonly #held: ByteLru<true>;
  readonly #onProblem: (problem: AudioError) => void;
  #isTroubled = false;

  constructor({ folder, generation, maxBytes = 64 << 20, onProblem }: PhraseDiskOptions) {
    this.#root = folder;
    this.#folder = join(folder, createHash("sha256").update(generation).digest("hex").slice(0, 16));
    this.#held = new ByteLru(maxBytes);
    this.#onProblem = onProblem ?? (() => undefined);
  }

  async open(): Promise<void> {
    await this.#trying("open", this.#root, async () => {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      for (const name of await readdir(this.#root)) {
        // Only what looks like ours: a folder that was named by mistake keeps its files.
        const path = join(this.#root, name);
        if (FOLDER.test(name) && path !== this.#folder) await rm(path, { recursive: true, force: true });
      }
      const found: { readonly key: string; readonly bytes: number; readonly usedMs: number }[] = [];
      for (const name of await readdir(this.#folder)) {
        const key = FILE.exec(name)?.[1];
        const path = join(this.#folder, name);
        if (key === undefined) {
          await rm(path, { recursive: true, force: true });
          continue;
        }
        const { size, mtimeMs } = await stat(path);
        found.push({ key, bytes: size, usedMs: mtimeMs });
      }
      for (const { key, bytes } of found.toSorted((a, b) => a.usedMs - b.usedMs)) await this.#hold(key, bytes);
    });
  }

  has(key: string): boolean {
    return this.#held.has(key);
  }

  async read(key: string): Promise<Pcm | undefined> {
    const path = this.#path(key);
    if (path === undefined || this.#held.get(key) === undefined) return undefined;
    return this.#trying("read", path, async () => {
      let bytes: Buffer;
      try {
        bytes = await readFile(path);
      } catch (error) {
        this.#held.delete(key);
        if (hasCode(error, "ENOENT")) return undefined;
        throw error;
      }
      const pcm = decoded(bytes);
      if (pcm === undefined) {
        this.#held.delete(key);
        await rm(path, { force: true });
        return undefined;
      }
      // For the order in which sounds go after the next start.
      await this.#trying("write", path, () => utimes(path, new Date(), new Date()));
      return pcm;
    });
  }

  async write(key: string, pcm: Pcm): Promise<void> {
    const path = this.#path(key);
    if (path === undefined) return;
    const bytes = encoded(pcm);
    await this.#trying("write", path, async () => {
      try {
        await this.#place(bytes, path);
      } catch (error) {
        if (!hasCode(error, "ENOENT")) throw error;
        // Somebody has removed the folder: a cache may be deleted at any time, and goes on afterwards.
        await mkdir(this.#folder, { recursive: true, mode: 0o700 });
        await this.#place(bytes, path);
      }
      await this.#hold(key, bytes.length);
      this.#isTroubled = false;
    });
  }

  /** At `path` there is the whole sound, or what was there before. */
  async #place(bytes: Buffer, path: string): Promise<void> {
    const half = join(this.#folder, `${randomUUID()}.half`);
    try {
      await writeFile(half, bytes, { flag: "wx", mode: 0o600 });
      await rename(half, path);
    } catch (error) {
      await rm(half, { force: true });
      throw error;
    }
  }

  async #hold(key: string, bytes: number): Promise<void> {
    for (const gone of this.#held.set(key, true, bytes)) {
      await rm(join(this.#folder, `${gone}.pcm`), { force: true });
    }
  }

  #path(key: string): string | undefined {
    return FILE.test(`${key}.pcm`) ? join(this.#folder, `${key}.pcm`) : undefined;
  }

  async #trying<T>(doing: string, path: string, run: () => Promise<T>): Promise<T | undefined> {
    try {
      return await run();
    } catch (error) {
      if (!this.#isTroubled) this.#onProblem(trouble(error, doing, path));
      this.#isTroubled = true;
      return undefined;
    }
  }
}

function trouble(error: unknown, doing: string, path: string): AudioError {
  const isFull = hasCode(error, "ENOSPC", "EDQUOT");
  const code = isFull ? "disk-full" : doing === "read" ? "file-unreadable" : "file-unwritable";
  const why = error instanceof Error ? error.message : String(error);
  return new AudioError(code, `cannot ${doing} the cache of spoken phrases: ${why}`, {
    nextStep: isFull
      ? "Free some space on that disk; until then phrases are synthesised anew."
      : "Make the folder accessible to this user; until then phrases are synthesised anew.",
    details: { path },
    cause: error,
  });
}

function encoded({ sampleRateHz, samples }: Pcm): Buffer {
  const bytes = Buffer.alloc(HEAD_BYTES + 4 * samples.length + SUM_BYTES);
  bytes.writeUInt32LE(MAGIC, 0);
  bytes.writeUInt32LE(sampleRateHz, 4);
  bytes.writeUInt32LE(samples.length, 8);
  for (const [index, sample] of samples.entries()) bytes.writeFloatLE(sample, HEAD_BYTES + 4 * index);
  checksum(bytes).copy(bytes, bytes.length - SUM_BYTES);
  return bytes;
}

function decoded(bytes: Buffer): Pcm | undefined {
  if (bytes.length < HEAD_BYTES + SUM_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined;
  const count = bytes.readUInt32LE(8);
  if (bytes.length !== HEAD_BYTES + 4 * count + SUM_BYTES) return undefined;
  if (!checksum(bytes).equals(bytes.subarray(-SUM_BYTES))) return undefined;
  const samples = Float32Array.from({ length: count }, (_, index) => bytes.readFloatLE(HEAD_BYTES + 4 * index));
  return { sampleRateHz: bytes.readUInt32LE(4), samples };
}

function checksum(bytes: Buffer): Buffer {
  return createHash("sha256").update(bytes.subarray(0, -SUM_BYTES)).digest();
}
