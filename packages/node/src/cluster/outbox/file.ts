/** Where an outbox keeps its bytes: one file. */
import { randomUUID } from "node:crypto";
import { link, open, readFile, rename, rm, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder, writeSynced } from "../../config/synced-file.ts";
import { codeOf } from "../../errors.ts";

/** All throw the system's errors. Calls are made one at a time. */
export interface OutboxFile {
  /** Empty where there is none. */
  read(): Promise<Uint8Array>;
  /** Durable when it returns if `isSynced`; after an error any part of it may be there. */
  append(bytes: Uint8Array, options: { readonly isSynced: boolean }): Promise<void>;
  /** Takes away what is beyond; durable when it returns. */
  truncate(length: number): Promise<void>;
  /** Whole or not at all, and durable when it returns. */
  replace(bytes: Uint8Array): Promise<void>;
  /** Keeps what is there now for a person to look at; only the newest such. Takes no space of its own. */
  setAside(): Promise<void>;
  remove(): Promise<void>;
  close(): Promise<void>;
}

/** On the disk; mode 0600. The folder is there. */
export function outboxFileAt(path: string): OutboxFile {
  return new DiskFile(path);
}

/** What file systems say that know no second names. */
const NO_LINKS = new Set(["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"]);

class DiskFile implements OutboxFile {
  readonly #path: string;
  #handle: FileHandle | undefined;
  #length = 0;

  constructor(path: string) {
    this.#path = path;
  }

  async read(): Promise<Uint8Array> {
    try {
      return await readFile(this.#path);
    } catch (error) {
      if (codeOf(error) === "ENOENT") return new Uint8Array();
      throw error;
    }
  }

  async append(bytes: Uint8Array, { isSynced }: { readonly isSynced: boolean }): Promise<void> {
    const handle = await this.#open();
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await handle.write(bytes, at, bytes.length - at, this.#length + at);
      at += bytesWritten;
    }
    if (isSynced) await handle.datasync();
    this.#length += bytes.length;
  }

  async truncate(length: number): Promise<void> {
    const handle = await this.#open();
    await handle.truncate(length);
    await handle.sync();
    this.#length = length;
  }

  async replace(bytes: Uint8Array): Promise<void> {
    const draft = `${this.#path}.${randomUUID()}.partial`;
    try {
      await writeSynced(draft, bytes);
      await rename(draft, this.#path);
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
    await this.close();
    await syncFolder(dirname(this.#path));
  }

  async setAside(): Promise<void> {
    const damaged = `${this.#path}.damaged`;
    await rm(damaged, { force: true });
    try {
      await link(this.#path, damaged);
    } catch (error) {
      if (!NO_LINKS.has(codeOf(error))) throw error;
    }
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.#path, { force: true });
    await syncFolder(dirname(this.#path));
  }

  async close(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  async #open(): Promise<FileHandle> {
    if (this.#handle !== undefined) return this.#handle;
    const handle = await open(this.#path, "r+");
    this.#length = (await handle.stat()).size;
    this.#handle = handle;
    return handle;
  }
}

/** For where nothing is kept. */
export class MemoryOutboxFile implements OutboxFile {
  #bytes: Buffer = Buffer.alloc(0);

  async read(): Promise<Uint8Array> {
    return this.#bytes;
  }

  async append(bytes: Uint8Array): Promise<void> {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
  }

  async truncate(length: number): Promise<void> {
    this.#bytes = this.#bytes.subarray(0, length);
  }

  async replace(bytes: Uint8Array): Promise<void> {
    this.#bytes = Buffer.from(bytes);
  }

  async setAside(): Promise<void> {
    // Memory is not damaged.
  }

  async remove(): Promise<void> {
    this.#bytes = Buffer.alloc(0);
  }

  async close(): Promise<void> {
    // Nothing is open.
  }
}
