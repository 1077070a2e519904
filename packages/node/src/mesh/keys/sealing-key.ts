/** The key that a cluster seals secrets to for this peer: X25519, apart from its identity, in a file of its own. */
import { generateKeyPairSync, type KeyObject } from "node:crypto";
import { PeerError } from "../../errors.ts";
import { loadOrMakeKeyFile } from "./key-file.ts";
import { KEY_BYTES, privateKeyFrom, rawPrivate, rawPublic } from "./raw-keys.ts";

export interface SealingKey {
  readonly privateKey: KeyObject;
  /** 32 bytes: what others seal to. */
  readonly publicKey: Uint8Array;
}

/**
 * Reads the key at `path` (its 32 bytes, mode 0600), or makes one there. Of several processes that start at once, all end with
 * the same key.
 * @param isExpected there has been one: a cluster seals to it, and another would open nothing
 * @throws PeerError `home-unusable` when the file cannot be read or written, holds something else, or is gone
 */
export async function loadSealingKey(path: string, { isExpected = false } = {}): Promise<SealingKey> {
  const raw = await loadOrMakeKeyFile(path, () => {
    if (isExpected) throw gone(path);
    return rawPrivate(generateKeyPairSync("x25519").privateKey);
  });
  if (raw.length !== KEY_BYTES) {
    throw new PeerError("home-unusable", `${path} does not hold this peer's sealing key`, {
      nextStep: "Restore the file from a backup; or move it away, and let this peer join its cluster again.",
    });
  }
  const privateKey = privateKeyFrom("X25519", raw);
  return { privateKey, publicKey: rawPublic(privateKey) };
}

function gone(path: string): PeerError {
  return new PeerError("home-unusable", `${path} is gone: what the cluster seals for this peer cannot be opened`, {
    nextStep: "Restore the file from a backup; or let this peer leave, and join its cluster again.",
  });
}
