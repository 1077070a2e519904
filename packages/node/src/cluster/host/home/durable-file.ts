/** A file that is there whole or not at all, whatever happens while it is written. */
import { randomUUID } from "node:crypto";
import { open, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { codeOf, messageOf, PeerError } from "../../../errors.ts";

/** Undefined where there is none. @throws PeerError `home-unusable` */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw unusable(path, "read", cause);
  }
}

/** Mode 0600. Durable when this returns. @throws PeerError `home-unusable` */
export async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await unlink(draft).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw unusable(draft, "remove", error);
    });
    throw unusable(path, "write", cause);
  }
}

/** A new name is on disk only when its folder is. Windows cannot open folders, and needs not. */
async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
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
