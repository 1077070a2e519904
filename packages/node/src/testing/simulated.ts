/** What a simulation of whole clusters takes of a peer: its part in a cluster, on a ground of the simulation's own. */
import { generateKeyPairFromSeed } from "@libp2p/crypto/keys";
import { peerIdFromPrivateKey } from "@libp2p/peer-id";
import { privateKeyFrom, rawPublic } from "../mesh/keys/raw-keys.ts";
import type { Identity } from "../mesh/identity.ts";
import type { SealingKey } from "../mesh/keys/sealing-key.ts";

export { ClusterHost } from "../cluster/host/cluster-host.ts";
export { ClusteredPeer } from "../cluster/host/clustered-peer.ts";
export type { ClusterOptions } from "../cluster/host/options.ts";
export type { Ground, HomeFiles } from "../cluster/host/ground.ts";
export type { MeshHost, MeshHostOptions, MeshStreamHandler, HandleOptions } from "../mesh/host/mesh-host.ts";
export type { MeshConnection } from "../mesh/host/connection.ts";
export type { Topics, TopicListener } from "../mesh/host/topics.ts";
export { dialAny } from "../mesh/host/dial-any.ts";
export { makeMeshKey, openMeshKey } from "../mesh/keys/mesh-key.ts";
export { publicKeyFrom } from "../mesh/keys/raw-keys.ts";
export { needsRotation, type ClusterState } from "../cluster/state/model.ts";
export { restsVote } from "../cluster/membership/sleep.ts";
export type { OutboxFile } from "../cluster/outbox/file.ts";
export { announcedPrime, primeStatement } from "../cluster/host/member/prime.ts";
export { opaqueReady } from "../mesh/door/pairing/opaque.ts";
export { isActorError, startSingleton } from "@parley/actors";
export { isPeerError, PeerError } from "../errors.ts";

/** The identity that these 32 bytes give, always the same. */
export async function identityOfSeed(seed: Uint8Array): Promise<Identity> {
  const privateKey = await generateKeyPairFromSeed("Ed25519", seed);
  return { peerId: peerIdFromPrivateKey(privateKey).toString(), privateKey };
}

/** The same for what a cluster seals secrets to. */
export function sealingKeyOfSeed(seed: Uint8Array): SealingKey {
  const privateKey = privateKeyFrom("X25519", seed);
  return { privateKey, publicKey: rawPublic(privateKey) };
}
