import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALPHABET, readSigns } from "../../../../src/mesh/door/code/alphabet.ts";
import {
  CODE_BITS,
  newPairingCode,
  readPairingCode,
  showPairingCode,
} from "../../../../src/mesh/door/code/pairing-code.ts";

const code = fc.string({ unit: fc.constantFrom(...Array.from(ALPHABET)), minLength: 8, maxLength: 8 });

const anyText = fc.array(fc.nat(0xffff), { maxLength: 30 }).map((units) => String.fromCharCode(...units));

describe("a pairing code", () => {
  it("is shown in two groups of four, and holds more than 38 bits", () => {
    expect(showPairingCode(newPairingCode())).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/);
    expect(CODE_BITS).toBeGreaterThan(38);
  });

  it("uses every sign of the alphabet about as often as any other", () => {
    const counts = new Map<string, number>();
    const codes = 2900;
    for (let n = 0; n < codes; n += 1) {
      for (const sign of newPairingCode()) counts.set(sign, (counts.get(sign) ?? 0) + 1);
    }
    expect([...counts.keys()].sort().join("")).toBe(ALPHABET);
    // Of each sign 800 are expected, with a deviation of 28: eight of them never happen by chance.
    for (const count of counts.values()) expect(Math.abs(count - 800)).toBeLessThan(8 * 28);
  });

  it("is read in any case, with blanks and dashes anywhere, and as it is shown", () => {
    const separators = fc.constantFrom("", " ", "-", "–", "_", ".", "\t");
    fc.assert(
      fc.property(code, fc.array(separators, { minLength: 8, maxLength: 8 }), fc.boolean(), (code, between, lower) => {
        const written = Array.from(code, (sign, n) => (lower ? sign.toLowerCase() : sign) + (between[n] ?? "")).join(
          "",
        );
        expect(readPairingCode(written)).toBe(code);
        expect(readPairingCode(showPairingCode(code))).toBe(code);
      }),
    );
  });

  it("is read whichever of two look-alikes is typed, and from full-width letters", () => {
    expect(readPairingCode("OoIl-lzSB")).toBe("00111258");
    expect(readPairingCode("uuuu-vvvv")).toBe("VVVVVVVV");
    expect(readPairingCode("ＫＱ７Ｍ－３ＸＷＡ")).toBe("KQ7M3XWA");
  });

  it("is not read from anything else, and reading never throws", () => {
    for (const text of ["", "KQ7M3XW", "KQ7M3XWAA", "KQ7M-3XW!", "ß".repeat(8)]) {
      expect(readPairingCode(text)).toBeUndefined();
    }
    fc.assert(
      fc.property(anyText, (text) => {
        const signs = readSigns(text);
        expect(signs === undefined || [...signs].every((sign) => ALPHABET.includes(sign))).toBe(true);
      }),
    );
  });
});
