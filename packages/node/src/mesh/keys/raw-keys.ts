/** Keys of curve 25519 as their 32 bytes, which is how they travel; `node:crypto` wants them in JWK (RFC 8037). */
import { createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

export type Curve = "X25519" | "Ed25519";

export const KEY_BYTES = 32;

/** @throws when the bytes are not 32 */
export function publicKeyFrom(curve: Curve, raw: Uint8Array): KeyObject {
  return createPublicKey({ key: { kty: "OKP", crv: curve, x: base64url(raw) }, format: "jwk" });
}

/** ASN.1 before the private key's bytes (RFC 8410 section 7): from these alone the public key is computed, not believed. */
const PKCS8_PREFIX: Readonly<Record<Curve, string>> = {
  X25519: "302e020100300506032b656e04220420",
  Ed25519: "302e020100300506032b657004220420",
};

/** @throws when the bytes are not 32 */
export function privateKeyFrom(curve: Curve, raw: Uint8Array): KeyObject {
  const key = Buffer.concat([Buffer.from(PKCS8_PREFIX[curve], "hex"), raw]);
  return createPrivateKey({ key, format: "der", type: "pkcs8" });
}

/** The 32 bytes of the public key that belongs to `key`, which may be either half. */
export function rawPublic(key: KeyObject): Uint8Array {
  const { x } = (key.type === "private" ? createPublicKey(key) : key).export({ format: "jwk" });
  return Buffer.from(x ?? "", "base64url");
}

/** The 32 bytes of a private key: secret. */
export function rawPrivate(key: KeyObject): Uint8Array {
  return Buffer.from(key.export({ format: "jwk" }).d ?? "", "base64url");
}

function base64url(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64url");
}
