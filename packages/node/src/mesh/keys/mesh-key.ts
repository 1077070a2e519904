/**
 * The one identity of a mesh (DECISIONS 11): an Ed25519 key that all members can unseal and the prime uses under its term.
 * A revoked peer knew it, so revocation makes a new generation, sealed to those who stay and signed by the one before: who
 * knows an old generation can follow to the new one.
 *
 * Pure but for randomness: the records go through the replicated log as they are.
 */
import { generateKeyPairSync, sign, verify, type KeyObject } from "node:crypto";
import { PeerError } from "../../errors.ts";
import { prefixed } from "./prefixed.ts";
import { privateKeyFrom, publicKeyFrom, rawPrivate, rawPublic } from "./raw-keys.ts";
import { seal, unseal, type SealContext } from "./seal.ts";

/** What shows that a generation is the mesh's. */
export interface MeshKeyLink {
  /** Ed25519, 32 bytes. */
  readonly publicKey: Uint8Array;
  /** By the generation before; by this one itself when it is the first. 64 bytes. */
  readonly signature: Uint8Array;
}

/** One generation, as everybody may see it. */
export interface MeshKeyRecord extends MeshKeyLink {
  /** From 1 on. */
  readonly generation: number;
  /** Peer id to the private key, sealed to that peer. */
  readonly sealed: Readonly<Record<string, Uint8Array>>;
}

type Generation = Omit<MeshKeyRecord, "sealed">;

/** A peer that shall know the key. */
export interface KeyHolder {
  readonly peerId: string;
  /** X25519, 32 bytes. */
  readonly sealingKey: Uint8Array;
}

/** A generation that has been opened. */
export interface OpenMeshKey {
  readonly generation: number;
  readonly privateKey: KeyObject;
}

const LABEL = "parley-mesh-key-1";

/**
 * A new generation for `holders`: the first, or the one after `previous`.
 * @throws PeerError `seal-broken` when a holder's key cannot be sealed to
 */
export function makeMeshKey(
  clusterId: string,
  holders: readonly KeyHolder[],
  previous?: OpenMeshKey,
): { readonly record: MeshKeyRecord; readonly key: OpenMeshKey } {
  const { privateKey } = generateKeyPairSync("ed25519");
  const generation = (previous?.generation ?? 0) + 1;
  const key = { generation, privateKey };
  const publicKey = rawPublic(privateKey);
  const statement = statementOf(clusterId, generation, publicKey);
  const signature = sign(null, statement, previous?.privateKey ?? privateKey);
  const sealed = Object.fromEntries(holders.map((holder) => [holder.peerId, sealMeshKey(clusterId, key, holder)]));
  return { record: { generation, publicKey, signature, sealed }, key };
}

/** The key for one more holder. @throws PeerError `seal-broken` when its key cannot be sealed to. */
export function sealMeshKey(clusterId: string, { generation, privateKey }: OpenMeshKey, holder: KeyHolder): Uint8Array {
  return seal(holder.sealingKey, rawPrivate(privateKey), contextOf(clusterId, generation, holder.peerId));
}

/**
 * The private key in `record`, as it was sealed to `peerId`.
 * @throws PeerError `seal-broken` when it was not sealed to that peer, or is another key than the record says
 */
export function openMeshKey(
  clusterId: string,
  record: Pick<MeshKeyRecord, "generation" | "publicKey" | "sealed">,
  { peerId, sealingKey }: { readonly peerId: string; readonly sealingKey: KeyObject },
): OpenMeshKey {
  const { generation, publicKey } = record;
  const sealed = Object.hasOwn(record.sealed, peerId) ? record.sealed[peerId] : undefined;
  if (sealed === undefined) throw broken(`generation ${generation} was not sealed to ${peerId}`);
  const privateKey = privateKeyFrom("Ed25519", unseal(sealingKey, sealed, contextOf(clusterId, generation, peerId)));
  if (!Buffer.from(publicKey).equals(rawPublic(privateKey))) {
    throw broken(`generation ${generation} holds another key than it says`);
  }
  return { generation, privateKey };
}

/** True when `record` is the generation right after `previous`; without `previous`, when it is a first one. */
export function follows(clusterId: string, record: Generation, previous: Generation | undefined): boolean {
  const { generation, publicKey, signature } = record;
  if (generation !== (previous?.generation ?? 0) + 1) return false;
  const signer = previous?.publicKey ?? publicKey;
  try {
    return verify(null, statementOf(clusterId, generation, publicKey), publicKeyFrom("Ed25519", signer), signature);
  } catch {
    // Keys and signatures that are not even of the right size verify nothing.
    return false;
  }
}

/**
 * True when each of `links`, the first of which is of generation `first`, follows the one before. Where the first one is not of
 * the first generation nobody can say that of it: it is where the chain begins, and is to be known otherwise.
 */
export function isChain(clusterId: string, first: number, links: readonly MeshKeyLink[]): boolean {
  let previous: Generation | undefined;
  for (const [i, { publicKey, signature }] of links.entries()) {
    const each = { generation: first + i, publicKey, signature };
    if ((previous !== undefined || first === 1) && !follows(clusterId, each, previous)) return false;
    previous = each;
  }
  return links.length > 0;
}

function statementOf(clusterId: string, generation: number, publicKey: Uint8Array): Uint8Array {
  return prefixed(LABEL, clusterId, String(generation), publicKey);
}

function contextOf(clusterId: string, generation: number, peerId: string): SealContext {
  return { info: LABEL, bound: prefixed(clusterId, String(generation), peerId) };
}

function broken(why: string): PeerError {
  return new PeerError("seal-broken", `the mesh's key cannot be opened: ${why}`, {
    nextStep: "Wait for the next generation, or let this peer join again (parley join).",
  });
}
