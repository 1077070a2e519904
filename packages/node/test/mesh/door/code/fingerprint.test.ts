import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FINGERPRINT_BITS, fingerprintOf, isFingerprintOf } from "../../../../src/mesh/door/code/fingerprint.ts";

const PEER = "12D3KooWQYzhkT4UbBxBxKWGcSZsAwSWeNVXRKTsUGfVM2yQDbJ1";

describe("a fingerprint", () => {
  it("is short, of more than 58 bits, and always the same", () => {
    expect(fingerprintOf(PEER)).toBe("WPPA-6JA9-11Y4");
    expect(FINGERPRINT_BITS).toBeGreaterThan(58);
  });

  it("is known again however a person writes it, and only as a whole", () => {
    const shown = fingerprintOf(PEER);
    expect(isFingerprintOf(shown.toLowerCase().replaceAll("-", " "), PEER)).toBe(true);
    expect(isFingerprintOf(shown.slice(0, 9), PEER)).toBe(false);
    expect(isFingerprintOf("", PEER)).toBe(false);
  });

  it("differs between peers", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.string(), { minLength: 2, maxLength: 2 }), ([one = "", other = ""]) => {
        expect(fingerprintOf(one)).not.toBe(fingerprintOf(other));
        expect(isFingerprintOf(fingerprintOf(one), other)).toBe(false);
      }),
    );
  });
});
