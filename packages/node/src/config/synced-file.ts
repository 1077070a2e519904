/** Files that are on disk, and only the owner's, when the call that wrote them returns. */
import { open } from "node:fs/promises";
import { messageOf, PeerError } from "../errors.ts";

/** Makes a new file of mode 0600. @throws the system's error, also when there is one of that name */
export async function writeSynced(path: string, contents: string | Uint8Array): Promise<void> {
  const file = await open(path, "wx", 0o600);
  try {
    await file.writeFile(contents);
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A new name is on disk only when its folder is. Windows cannot open folders, and needs not. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === "win32") return;
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** What is told when a file of the home cannot be read, written or removed. */
export function fileUnusable(path: string, verb: string, cause: unknown): PeerError {
  return new PeerError("home-unusable", `cannot ${verb} ${path}: ${messageOf(cause)}`, {
    nextStep: "Check the folder's owner, permissions and free space, or choose another with --home.",
    cause,
  });
}
