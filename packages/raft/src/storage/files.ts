/** The files beside the database: the high-water record and the snapshots. */
import { writeSync } from "node:fs";
import { mkdir, open, readdir, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { invariant } from "../errors.ts";
import { SLOT_BYTES } from "./high-water.ts";
import type { HighWaterMedia, ReadableFile, SnapshotMedia, TemporaryFile } from "./media.ts";

const HIGH_WATER = "high-water";
const SNAPSHOTS = "snapshots";
const TEMPORARY = "incoming";

/** How long a claim that is not urgent may stay in memory of the system. */
const SETTLE_MS = 20;

/** The high-water record in a file of two pages. */
export class FileHighWater implements HighWaterMedia {
  readonly #folder: string;
  #file: FileHandle | undefined;
  #isDirty = false;
  #timer: NodeJS.Timeout | undefined;
  #settling: Promise<void> | undefined;
  #failure: Error | undefined;

  private constructor(folder: string, file: FileHandle | undefined) {
    this.#folder = folder;
    this.#file = file;
  }

  static async open(folder: string): Promise<FileHighWater> {
    const path = join(folder, HIGH_WATER);
    return new FileHighWater(folder, await ifThere(openForSlots(path)));
  }

  async read(): Promise<Uint8Array | undefined> {
    return this.#file === undefined ? undefined : readFile(join(this.#folder, HIGH_WATER));
  }

  async create(bytes: Uint8Array): Promise<void> {
    const path = join(this.#folder, HIGH_WATER);
    const temporary = `${path}.new`;
    const file = await open(temporary, "w", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await this.close();
    await rename(temporary, path);
    await syncFolder(this.#folder);
    this.#file = await openForSlots(path);
  }

  async writeSlot(slot: 0 | 1, bytes: Uint8Array, urgent: boolean): Promise<void> {
    const file = this.#file;
    invariant(file !== undefined, "the high-water record was never made");
    // Some dozens of bytes to the system's memory: faster than asking another thread for it.
    const written = writeSync(file.fd, bytes, 0, bytes.length, slot * SLOT_BYTES);
    if (written !== bytes.length) throw new Error(`${HIGH_WATER}: only ${written} bytes could be written`);
    this.#isDirty = true;
    if (urgent) await this.#settle(file);
    else this.#timer ??= setTimeout(() => this.#settleLater(file), SETTLE_MS);
  }

  async isSettled(): Promise<boolean> {
    await this.#settling;
    if (this.#failure !== undefined) throw this.#failure;
    return !this.#isDirty;
  }

  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    await this.#settling;
    if (this.#isDirty && this.#failure === undefined) await this.#settle(file);
    clearTimeout(this.#timer);
    await file.close();
  }

  async #settle(file: FileHandle): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await file.datasync();
    this.#isDirty = false;
  }

  /** Nobody waits for it: whoever writes next hears of its failure. */
  #settleLater(file: FileHandle): void {
    this.#settling = this.#settle(file)
      .catch((error: unknown) => {
        this.#failure = error instanceof Error ? error : new Error(String(error));
      })
      .finally(() => {
        this.#settling = undefined;
      });
  }
}

function openForSlots(path: string): Promise<FileHandle> {
  return open(path, "r+");
}

/** Snapshots as files in a folder, with the temporary area in a folder within. */
export class FileSnapshots implements SnapshotMedia {
  readonly #visible: string;
  readonly #temporary: string;
  /** Temporary files that nobody has finished or given up yet. */
  readonly #open = new Set<FileHandle>();

  private constructor(visible: string) {
    this.#visible = visible;
    this.#temporary = join(visible, TEMPORARY);
  }

  static async open(folder: string): Promise<FileSnapshots> {
    const snapshots = new FileSnapshots(join(folder, SNAPSHOTS));
    await mkdir(snapshots.#temporary, { recursive: true });
    return snapshots;
  }

  async begin(name: string): Promise<TemporaryFile> {
    const path = join(this.#temporary, name);
    const file = await open(path, "wx", 0o600);
    this.#open.add(file);
    const close = async (): Promise<void> => {
      if (this.#open.delete(file)) await file.close();
    };
    return {
      name,
      write: async (bytes) => {
        await file.writeFile(bytes);
      },
      finish: async () => {
        await file.sync();
        await close();
      },
      abort: async () => {
        await close();
        await rm(path, { force: true });
      },
    };
  }

  async publish(temporary: string, name: string): Promise<void> {
    await rename(join(this.#temporary, temporary), join(this.#visible, name));
    await syncFolder(this.#visible);
  }

  async discard(temporary: string): Promise<void> {
    await rm(join(this.#temporary, temporary), { force: true });
  }

  async open(name: string): Promise<ReadableFile | undefined> {
    const file = await ifThere(open(join(this.#visible, name), "r"));
    if (file === undefined) return undefined;
    const { size: fileBytes } = await file.stat();
    return {
      fileBytes,
      read: async (offset, length) => {
        const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(length), 0, length, offset);
        return buffer.subarray(0, bytesRead);
      },
      close: () => file.close(),
    };
  }

  async tidy(keep: string | undefined, keepTemporary: ReadonlySet<string>): Promise<void> {
    for (const name of await readdir(this.#visible)) {
      if (name !== keep && name !== TEMPORARY) await rm(join(this.#visible, name), { recursive: true, force: true });
    }
    for (const name of await readdir(this.#temporary)) {
      if (!keepTemporary.has(name)) await rm(join(this.#temporary, name), { recursive: true, force: true });
    }
  }

  async close(): Promise<void> {
    for (const file of this.#open) await file.close();
    this.#open.clear();
  }
}

/** Makes names in a folder durable. Windows has no such call and needs none. */
export async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function ifThere<T>(opening: Promise<T>): Promise<T | undefined> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}
