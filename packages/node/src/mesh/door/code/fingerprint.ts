/** A peer id for two people to compare. */
import { createHash } from "node:crypto";
import { ALPHABET, bitsOf, inGroups, readSigns } from "./alphabet.ts";

const FINGERPRINT_SIGNS = 12;

/**
 * Bits of a fingerprint: 58.3. To look like a given peer somebody has to make keys until one fits, some 2^58 of them, while
 * that peer waits; two keys of one's own that look alike gain nothing, for a member sees what the waiting peer has proven.
 */
export const FINGERPRINT_BITS = bitsOf(FINGERPRINT_SIGNS);

/** `XXXX-XXXX-XXXX`: the SHA-256 of the peer id in the alphabet of codes. */
export function fingerprintOf(peerId: string): string {
  let rest = BigInt(`0x${createHash("sha256").update(`parley-fingerprint-1\n${peerId}`).digest("hex")}`);
  const base = BigInt(ALPHABET.length);
  let signs = "";
  while (signs.length < FINGERPRINT_SIGNS) {
    signs += ALPHABET[Number(rest % base)];
    rest /= base;
  }
  return inGroups(signs);
}

/** True when a person typed the fingerprint of `peerId`, however it was written. */
export function isFingerprintOf(typed: string, peerId: string): boolean {
  const signs = readSigns(typed);
  return signs?.length === FINGERPRINT_SIGNS && inGroups(signs) === fingerprintOf(peerId);
}
