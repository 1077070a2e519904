/** Who this peer is: an Ed25519 key that stays on the host, and the libp2p peer id derived from it. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { randomUUID } from "node:crypto";
import { chmod, link, open, readFile, stat, unlink } from "node:fs/promises";
import { codeOf, messageOf, PeerError } from "../errors.ts";

/** A peer's identity. */
export interface Identity {
  /** The libp2p peer id (`12D3KooW…`). */
  readonly peerId: string;
  readonly privateKey: Ed25519PrivateKey;
}

/**
 * Reads the key at `path` (libp2p's protobuf encoding), or makes one there. Of several processes that start at once, all
 * end with the same key.
 * @throws PeerError `home-unusable` when the file cannot be read or written, or holds something else.
 */
export async function loadIdentity(path: string): Promise<Identity> {
  const bytes = (await readKey(path)) ?? (await createKey(path));
  try {
    const privateKey = privateKeyFromProtobuf(bytes);
    if (privateKey.type !== "Ed25519") throw new TypeError(`a key of type ${privateKey.type}`);
    return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey };
  } catch (cause) {
    throw new PeerError("home-unusable", `${path} does not hold this peer's identity key`, {
      nextStep: "Restore the file from a backup, or move it away to let this peer start with a new identity.",
      cause,
    });
  }
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  try {
    const { mode } = await stat(path);
    // A key that others may read is closed before it is used; Windows has no such bits.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) await chmod(path, 0o600);
    return await readFile(path);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined;
    throw unusable(path, "read", cause);
  }
}

async function createKey(path: string): Promise<Uint8Array> {
  const bytes = privateKeyToProtobuf(await generateKeyPair("Ed25519"));
  const draft = `${path}.${randomUUID()}.partial`;
  try {
    const file = await open(draft, "wx", 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    // `link` fails when the name is taken: the first of several processes wins and the others read its key.
    await link(draft, path);
    return bytes;
  } catch (cause) {
    const winner = codeOf(cause) === "EEXIST" ? await readKey(path) : undefined;
    if (winner !== undefined) return winner;
    throw unusable(path, "write", cause);
  } finally {
    await unlink(draft).catch((error: unknown) => {
      if (codeOf(error) !== "ENOENT") throw unusable(draft, "remove", error);
    });
  }
}

function unusable(path: string, verb: string, cause: unknown): PeerError {
  return new PeerError("home-unusable", `cannot ${verb} ${path}: ${messageOf(cause)}`, {
    nextStep: "Check the folder's owner, permissions and free space, or choose another with --home.",
    cause,
  });
}
