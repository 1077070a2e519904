/** Files that are there whole or not at all, whatever happens while they are written. */
import { randomUUID } from "node:crypto";
import { readdir, readFile, rename, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import { fileUnusable, syncFolder, writeSynced } from "../../../config/synced-file.ts";
import { codeOf } from "../../../errors.ts";

/** Undefined where there is none. @throws PeerError `home-unusable` */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw fileUnusable(path, "read", cause);
  }
}

/** What a folder holds; nothing where there is none. @throws PeerError `home-unusable` */
export async function listIfThere(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return [];
    throw fileUnusable(path, "read", cause);
  }
}

/** Mode 0600. Durable when this returns. @throws PeerError `home-unusable` */
export async function writeDurably(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.partial`;
  try {
    await writeSynced(draft, text);
    await rename(draft, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await unlink(draft).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw fileUnusable(draft, "remove", error);
    });
    throw fileUnusable(path, "write", cause);
  }
}
