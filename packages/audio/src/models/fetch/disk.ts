import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { mkdir, open, rename, rm, stat, statfs } from "node:fs/promises";
import { dirname } from "node:path";
import { AudioError } from "../../errors.ts";
import { hasCode, throwIfAborted, writing } from "./file-errors.ts";

const HASH_CHUNK_BYTES = 1 << 20;
/** Folders, journals and other writers need a little as well. */
const SPARE_BYTES = 16 << 20;

/** Size of the file at `path` in bytes; undefined when there is no regular file. */
export async function fileBytes(path: string): Promise<number | undefined> {
  try {
    const found = await stat(path);
    return found.isFile() ? found.size : undefined;
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return undefined;
    throw error;
  }
}

/** True when there is a folder at `path`. */
export async function folderExists(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (hasCode(error, "ENOENT", "ENOTDIR")) return false;
    throw error;
  }
}

/** Lower-case hex sha256 of the file as it stands on disk. */
export async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path, { highWaterMark: HASH_CHUNK_BYTES })) {
    throwIfAborted(signal, `hashing ${path}`);
    hash.update(chunk);
  }
  return hash.digest("hex");
}

/** Writes all of `chunk` at `position`: one write may take less than it is given, most of all when the disk gets full. */
export async function writeAt(file: FileHandle, chunk: Uint8Array, position: number): Promise<void> {
  for (let done = 0; done < chunk.byteLength;) {
    const { bytesWritten } = await file.write(chunk, done, chunk.byteLength - done, position + done);
    done += bytesWritten;
  }
}

/** Makes what was written to a file or folder durable. Windows cannot sync a folder and need not. */
export async function sync(path: string, kind: "file" | "folder"): Promise<void> {
  if (kind === "folder" && process.platform === "win32") return;
  const handle = await open(path, kind === "file" ? "r+" : "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/**
 * Refuses to start what cannot end: `disk-full` when `folder`'s disk has not `bytes` to spare.
 */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const disk = await statfs(folder);
  const freeBytes = disk.bavail * disk.bsize;
  if (freeBytes >= bytes + SPARE_BYTES) return;
  const megabytes = (value: number): string => `${(value / 1e6).toFixed(0)} MB`;
  throw new AudioError(
    "disk-full",
    `${megabytes(bytes + SPARE_BYTES)} needed in ${folder}, ${megabytes(freeBytes)} free`,
    {
      nextStep: "Free some space on that disk or choose another folder for models.",
      details: { path: folder, neededBytes: bytes + SPARE_BYTES, freeBytes },
    },
  );
}

/**
 * Puts the complete folder `from` at `to` in one step: who looks sees the old folder, none, or the whole new one.
 * `aside` is where an older folder is moved before it is deleted.
 */
export async function publishFolder(from: string, to: string, aside: string): Promise<void> {
  await writing(to, async () => {
    await mkdir(dirname(to), { recursive: true });
    await moveIfPresent(to, aside);
    await rename(from, to);
    await sync(dirname(to), "folder");
    await rm(aside, { recursive: true, force: true });
  });
}

/** Renames `from` to `to`; false when there is no `from`. */
export async function moveIfPresent(from: string, to: string): Promise<boolean> {
  try {
    await rename(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "ENOENT")) return false;
    throw error;
  }
}
