import { Packr } from "msgpackr";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readPlain } from "../../../src/mesh/wire/plain.ts";

const packr = new Packr({ useRecords: false });
const bytes = (...values: readonly number[]): Uint8Array => Uint8Array.from(values);

describe("reading plain MessagePack", () => {
  const plain = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.constant(null),
      fc.boolean(),
      fc.integer(),
      fc.double({ noNaN: true }),
      fc.string({ unit: "grapheme", maxLength: 300 }),
      fc.uint8Array({ maxLength: 300 }).map((each) => Buffer.from(each)),
      fc.array(tie("value"), { maxLength: 20 }),
      fc.dictionary(
        fc.string({ unit: "grapheme" }).filter((key) => key !== "__proto__"),
        tie("value"),
        { noNullPrototype: true },
      ),
    ),
  })).value;

  it("gives what was packed", () => {
    fc.assert(
      fc.property(plain, (value) => {
        expect(readPlain(packr.pack(value))).toEqual({ value });
      }),
    );
  });

  it("gives nothing for bytes that end early or go on", () => {
    fc.assert(
      fc.property(plain, fc.nat(), (value, cut) => {
        const packed = packr.pack(value);
        expect(readPlain(packed.subarray(0, cut % packed.length))).toBeUndefined();
        expect(readPlain(Buffer.concat([packed, Buffer.of(0)]))).toBeUndefined();
      }),
    );
  });

  it.each([
    ["an extension", packr.pack(new Date(0))],
    ["text that is no UTF-8", bytes(0xa1, 0x80)],
    ["a map with a number as key", bytes(0x81, 0x01, 0x01)],
    ["a list that promises more than can come", bytes(0xdd, 0xff, 0xff, 0xff, 0xff)],
    ["bytes that promise more than come", bytes(0xc6, 0xff, 0xff, 0xff, 0xff)],
    ["lists within lists without end", new Uint8Array(10_000).fill(0x91)],
    ["a record definition", bytes(0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 0x01)],
  ])("gives nothing for %s", (_, data) => {
    expect(readPlain(data)).toBeUndefined();
  });

  it("goes as deep as it is told, and no deeper", () => {
    const nested = (depth: number): Uint8Array => bytes(...Array.from({ length: depth - 1 }, () => 0x91), 0x90);
    for (const depth of [1, 8, 16]) {
      expect(readPlain(nested(depth), depth)).toBeDefined();
      expect(readPlain(nested(depth + 1), depth)).toBeUndefined();
    }
    expect(readPlain(nested(16))).toBeDefined();
    expect(readPlain(nested(17))).toBeUndefined();
    expect(readPlain(bytes(0x81, 0xa1, 0x61, 0x90), 1)).toBeUndefined();
    expect(readPlain(bytes(0xc0), 0)).toBeDefined();
  });
});
