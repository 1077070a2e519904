/** A secret in a file of its own, readable by its owner only, made once. */
import { randomUUID } from "node:crypto";
import { chmod, link, readFile, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { fileUnusable, syncFolder, writeSynced } from "../../config/synced-file.ts";
import { codeOf } from "../../errors.ts";

const isWindows = process.platform === "win32";

/**
 * The bytes at `path`; where there is no file, those that `make` gives, written there first. Of several processes that start at
 * once, all end with the same bytes.
 * @throws PeerError `home-unusable` when the file cannot be read or written
 */
export async function loadOrMakeKeyFile(
  path: string,
  make: () => Promise<Uint8Array> | Uint8Array,
): Promise<Uint8Array> {
  return (await readKeyFile(path)) ?? (await makeKeyFile(path, await make()));
}

async function readKeyFile(path: string): Promise<Uint8Array | undefined> {
  try {
    const { mode } = await stat(path);
    // A key that others may read is closed before it is used; Windows has no such bits.
    if (!isWindows && (mode & 0o077) !== 0) await chmod(path, 0o600);
    return await readFile(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw fileUnusable(path, "read", cause);
  }
}

async function makeKeyFile(path: string, bytes: Uint8Array): Promise<Uint8Array> {
  const draft = `${path}.${randomUUID()}.partial`;
  try {
    await writeSynced(draft, bytes);
    // `link` fails when the name is taken: the first of several processes wins and the others read its key.
    await link(draft, path);
    await syncFolder(dirname(path));
    return bytes;
  } catch (cause) {
    const winner = codeOf(cause) === "EEXIST" ? await readKeyFile(path) : undefined;
    if (winner !== undefined) return winner;
    throw fileUnusable(path, "write", cause);
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw fileUnusable(draft, "remove", error);
    });
  }
}
