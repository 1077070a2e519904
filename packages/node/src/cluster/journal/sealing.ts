/**
 * A journal's ciphertext: AES-256-GCM (NIST SP 800-38D) with random nonces, under keys of one turn each. In front stand a format,
 * the name of the key and the nonce; which session, turn, place and kind it is for is bound to it without being in it.
 */
import { createCipheriv, createDecipheriv, createHash, randomFillSync } from "node:crypto";
import { prefixed } from "../../mesh/keys/prefixed.ts";
import { invariant } from "../../errors.ts";

const FORMAT = 1;
const CIPHER = "aes-256-gcm";
export const KEY_BYTES = 32;
const NAME_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEADER_BYTES = 1 + NAME_BYTES + NONCE_BYTES;
/** What sealing adds. */
export const SEALED_BYTES = HEADER_BYTES + TAG_BYTES;
const LABEL = "parley-journal-1";

/** What is sealed, and where it stands: it opens nowhere else. */
export interface Place {
  readonly session: string;
  readonly turn: number;
  /** A turn's record of this number; or what is kept after the turn. */
  readonly kind: "record" | "kept";
  readonly number: number;
}

/** A new key. 2^32 values may be sealed with one at most; a turn has some hundred. */
export function drawKey(): Uint8Array {
  return randomFillSync(new Uint8Array(KEY_BYTES));
}

/** What a key is called wherever it is spoken of: its digest, so that no other key can pass for it. 32 hexadecimal digits. */
export function nameOf(key: Uint8Array): string {
  return createHash("sha256")
    .update(prefixed(`${LABEL} key`, key))
    .digest()
    .toString("hex", 0, NAME_BYTES);
}

/** Overwritten with zeros: it opens nothing any more. */
export function wipe(key: Uint8Array | undefined): void {
  key?.fill(0);
}

export function seal(key: Uint8Array, place: Place, plain: Uint8Array): Uint8Array {
  invariant(
    key.some((byte) => byte !== 0),
    "nothing is sealed with a key that was wiped",
  );
  const nonce = randomFillSync(new Uint8Array(NONCE_BYTES));
  const name = Buffer.from(nameOf(key), "hex");
  const cipher = createCipheriv(CIPHER, key, nonce);
  cipher.setAAD(boundTo(place));
  const sealed = Buffer.concat([
    Buffer.of(FORMAT),
    name,
    nonce,
    cipher.update(plain),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return Uint8Array.from(sealed);
}

/** The name of the key that opens it; undefined where that cannot be told. */
export function keyOf(sealed: Uint8Array | undefined): string | undefined {
  if (sealed === undefined || sealed.length < SEALED_BYTES || sealed[0] !== FORMAT) return undefined;
  return Buffer.from(sealed.subarray(1, 1 + NAME_BYTES)).toString("hex");
}

/** Undefined when it was sealed with another key or for another place, or was changed since. Never throws. */
export function open(key: Uint8Array, place: Place, sealed: Uint8Array): Uint8Array | undefined {
  if (keyOf(sealed) !== nameOf(key)) return undefined;
  const nonce = sealed.subarray(1 + NAME_BYTES, HEADER_BYTES);
  const decipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(boundTo(place));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  try {
    const body = sealed.subarray(HEADER_BYTES, -TAG_BYTES);
    return Uint8Array.from(Buffer.concat([decipher.update(body), decipher.final()]));
  } catch {
    // The tag does not fit; more is not known, and not to be known.
    return undefined;
  }
}

function boundTo({ session, turn, kind, number }: Place): Uint8Array {
  return prefixed(LABEL, session, String(turn), kind, String(number));
}
