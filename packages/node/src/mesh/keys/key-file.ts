/** A secret in a file of its own, readable by its owner only, made once. */
import { randomUUID } from "node:crypto";
import { chmod, link, open, readFile, stat, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, messageOf, PeerError } from "../../errors.ts";

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
    throw unusable(path, "read", cause);
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
    throw unusable(path, "write", cause);
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw unusable(draft, "remove", error);
    });
  }
}

async function writeSynced(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is on disk only when its folder is. Windows cannot open folders, and needs not. */
async function syncFolder(path: string): Promise<void> {
  if (isWindows) return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

function unusable(path: string, verb: string, cause: unknown): PeerError {
  return new PeerError("home-unusable", `cannot ${verb} ${path}: ${messageOf(cause)}`, {
    nextStep: "Check the folder's owner, permissions and free space, or choose another with --home.",
    cause,
  });
}
