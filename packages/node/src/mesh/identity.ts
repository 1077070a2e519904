/** Who this peer is: an Ed25519 key that stays on the host, and the libp2p peer id derived from it. */
import { generateKeyPair, privateKeyFromProtobuf, privateKeyToProtobuf } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import type { Ed25519PrivateKey } from "@libp2p/interface";
import { PeerError } from "../errors.ts";
import { loadOrMakeKeyFile } from "./keys/key-file.ts";

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
  const bytes = await loadOrMakeKeyFile(path, async () => privateKeyToProtobuf(await generateKeyPair("Ed25519")));
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
