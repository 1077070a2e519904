/**
 * Sealing bytes to one peer's public key: HPKE in base mode, single shot (RFC 9180 sections 5.1.1 and 6.1), with
 * DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and AES-256-GCM. Who seals is not proven; what must be is signed beside it.
 */
import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  diffieHellman,
  generateKeyPairSync,
  type KeyObject,
} from "node:crypto";
import { messageOf, PeerError } from "../../errors.ts";
import { KEY_BYTES, publicKeyFrom, rawPublic } from "./raw-keys.ts";

/** For what it is sealed: who unseals must say the same, or it does not open. */
export interface SealContext {
  /** The use, such as `parley-mesh-key-1`. */
  readonly info: string;
  /** What belongs to it without being sealed. */
  readonly bound: Uint8Array;
}

const TAG_BYTES = 16;
/** What sealing adds: the ephemeral public key and the tag. */
export const SEAL_BYTES = KEY_BYTES + TAG_BYTES;

/** KEM 0x0020; and with it KDF 0x0001 and AEAD 0x0002 (RFC 9180 section 7). */
const KEM_SUITE = Buffer.concat([Buffer.from("KEM"), Buffer.from("0020", "hex")]);
const HPKE_SUITE = Buffer.concat([Buffer.from("HPKE"), Buffer.from("002000010002", "hex")]);
const VERSION = Buffer.from("HPKE-v1");
const MODE_BASE = Buffer.of(0);
const EMPTY = Buffer.alloc(0);

/**
 * Seals `plain` to the X25519 public key `recipient` (32 bytes).
 * @throws PeerError `seal-broken` when that is no key that can be sealed to
 */
export function seal(recipient: Uint8Array, plain: Uint8Array, context: SealContext): Uint8Array {
  return sealWith(generateKeyPairSync("x25519").privateKey, recipient, plain, context);
}

/** As {@link seal}, with an ephemeral key that must never be used again: for test vectors. */
export function sealWith(
  ephemeral: KeyObject,
  recipient: Uint8Array,
  plain: Uint8Array,
  { info, bound }: SealContext,
): Uint8Array {
  const encapsulated = rawPublic(ephemeral);
  const shared = sharedSecret(ephemeral, recipient, encapsulated, recipient);
  const { key, nonce } = schedule(shared, info);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(bound);
  return Buffer.concat([encapsulated, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}

/**
 * What was sealed to `recipient`, an X25519 private key.
 * @throws PeerError `seal-broken` when it was sealed to another, for another use, or changed since
 */
export function unseal(recipient: KeyObject, sealed: Uint8Array, { info, bound }: SealContext): Uint8Array {
  if (sealed.length < SEAL_BYTES) throw broken("too short");
  const encapsulated = sealed.subarray(0, KEY_BYTES);
  const shared = sharedSecret(recipient, encapsulated, encapsulated, rawPublic(recipient));
  const { key, nonce } = schedule(shared, info);
  const cipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  cipher.setAAD(bound);
  const body = cipher.update(sealed.subarray(KEY_BYTES, -TAG_BYTES));
  try {
    cipher.setAuthTag(sealed.subarray(-TAG_BYTES));
    return Buffer.concat([body, cipher.final()]);
  } catch (cause) {
    throw broken("not sealed to this key, not for this use, or changed since", cause);
  }
}

/** DHKEM's Encap and Decap (section 4.1); node:crypto refuses points that would give a shared secret of zeros (7.1.4). */
function sharedSecret(own: KeyObject, other: Uint8Array, encapsulated: Uint8Array, recipient: Uint8Array): Buffer {
  let dh: Buffer;
  try {
    dh = diffieHellman({ privateKey: own, publicKey: publicKeyFrom("X25519", other) });
  } catch (cause) {
    throw broken(`no X25519 key (${messageOf(cause)})`, cause);
  }
  const prk = labeledExtract(KEM_SUITE, EMPTY, "eae_prk", dh);
  return labeledExpand(KEM_SUITE, prk, "shared_secret", Buffer.concat([encapsulated, recipient]), KEY_BYTES);
}

/** KeySchedule in base mode (section 5.1), for the one message of a single shot: its nonce is the base nonce. */
function schedule(shared: Buffer, info: string): { readonly key: Buffer; readonly nonce: Buffer } {
  const pskIdHash = labeledExtract(HPKE_SUITE, EMPTY, "psk_id_hash", EMPTY);
  const infoHash = labeledExtract(HPKE_SUITE, EMPTY, "info_hash", Buffer.from(info));
  const context = Buffer.concat([MODE_BASE, pskIdHash, infoHash]);
  const secret = labeledExtract(HPKE_SUITE, shared, "secret", EMPTY);
  return {
    key: labeledExpand(HPKE_SUITE, secret, "key", context, 32),
    nonce: labeledExpand(HPKE_SUITE, secret, "base_nonce", context, 12),
  };
}

/** Section 4: HKDF-Extract (RFC 5869) of labelled input. */
function labeledExtract(suite: Buffer, salt: Buffer, label: string, input: Buffer): Buffer {
  return createHmac("sha256", salt).update(VERSION).update(suite).update(label).update(input).digest();
}

/** Section 4: HKDF-Expand (RFC 5869) of labelled info; at most 32 bytes, so one round of it. */
function labeledExpand(suite: Buffer, prk: Buffer, label: string, info: Buffer, bytes: number): Buffer {
  const length = Buffer.of(0, bytes);
  const expanded = createHmac("sha256", prk).update(length).update(VERSION).update(suite).update(label).update(info);
  return expanded.update(Buffer.of(1)).digest().subarray(0, bytes);
}

function broken(why: string, cause?: unknown): PeerError {
  return new PeerError("seal-broken", `sealed bytes cannot be opened: ${why}`, {
    nextStep: "If this goes on, let this peer join again (parley join).",
    cause,
  });
}
