import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { isActorError } from "../../../src/errors.ts";
import { type Packed, packBehind, packMessageBehind, unpackFrom } from "../../../src/remoting/wire/values.ts";
import { isRemote, MESSAGE, resolve } from "./samples.ts";

function joined({ bytes, attached }: Packed): Uint8Array {
  return Buffer.concat([bytes, ...attached]);
}

function roundTrip(value: unknown, reserved = 0): unknown {
  const packed = packMessageBehind(reserved, value);
  return unpackFrom(joined(packed), reserved, packed.bytes.length, resolve);
}

const badMessage = expect.objectContaining({ code: "bad-message" });

/** What a message may be made of. Keys that mean something to JavaScript objects do not travel. */
const leaf = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.double().map((value) => (value === 0 ? 0 : value)),
  fc.integer(),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }),
  fc.boolean(),
  fc.constantFrom(null, undefined),
  fc.uint8Array({ maxLength: 300 }),
  fc.float32Array({ maxLength: 40 }),
  fc.int16Array({ maxLength: 40 }),
  fc.date({ noInvalidDate: false, min: new Date(0), max: new Date("2100-01-01") }),
);
const anyMessage = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    leaf,
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(
      fc.string({ unit: "grapheme", maxLength: 40 }).filter((key) => key !== "__proto__"),
      tie("value"),
      { maxKeys: 5, noNullPrototype: true },
    ),
  ),
})).value;

describe("messages as bytes", () => {
  it("come out as they went in", () => {
    expect(roundTrip(MESSAGE)).toStrictEqual(MESSAGE);
    fc.assert(
      fc.property(anyMessage, fc.nat(400), (value, reserved) => {
        expect(roundTrip(value, reserved)).toStrictEqual(value);
      }),
      {
        numRuns: 1_500,
      },
    );
  });

  it("carry references, which are references again at the other end", () => {
    const [local, remote] = ["parley://here/a/b#1.5", "parley://there/c%20d"];
    const read = roundTrip({ local: resolve(local), deep: [{ remote: resolve(remote) }] });
    expect(read).toMatchObject({ local: { address: local }, deep: [{ remote: { address: remote } }] });
    expect(isRemote((read as { deep: { remote: unknown }[] }).deep[0]?.remote)).toBe(true);
  });

  it("are refused where a reference makes no sense", () => {
    const { bytes } = packBehind(0, resolve("parley://there/a"));
    expect(() => unpackFrom(bytes, 0)).toThrow(badMessage);
    bytes[bytes.length - 1] = 0x0a;
    expect(() => unpackFrom(bytes, 0, bytes.length, resolve)).toThrow(expect.objectContaining({ code: "bad-address" }));
  });

  it("carry sound without copying it: long arrays are attached as they lie, and all are views when they are read", () => {
    const long = new Uint8Array(64 * 1024).fill(3);
    const short = new Uint8Array(640).fill(4);
    const packed = packBehind(10, { long, short, again: long });
    expect(packed.attached).toHaveLength(2);
    expect(packed.attached[0]).toBe(long);
    const frame = joined(packed);
    const read = unpackFrom(frame, 10, packed.bytes.length) as Record<string, Uint8Array>;
    expect(read).toStrictEqual({ long, short, again: long });
    expect(Object.values(read).every(({ buffer }) => buffer === frame.buffer)).toBe(true);
  });

  it("say which bytes are attached, no more and no less", () => {
    const packed = packBehind(0, [new Uint8Array(10_000), new Uint8Array(9_000)]);
    const frame = joined(packed);
    const end = packed.bytes.length;
    expect(() => unpackFrom(frame.subarray(0, -1), 0, end)).toThrow(badMessage);
    expect(() => unpackFrom(Buffer.concat([frame, Buffer.of(1)]), 0, end)).toThrow(badMessage);
    expect(() => unpackFrom(packed.bytes, 0)).toThrow(badMessage);
  });

  it("may be packed while another is, and after one that could not be", () => {
    const inner: unknown[] = [];
    class Outer {
      toJSON(): unknown {
        inner.push(roundTrip({ bytes: new Uint8Array(9_000) }));
        return { x: 1, bytes: new Uint8Array(20_000) };
      }
    }
    expect(roundTrip([new Outer(), new Uint8Array(8_192)])).toStrictEqual([
      { x: 1, bytes: new Uint8Array(20_000) },
      new Uint8Array(8_192),
    ]);
    expect(inner).toStrictEqual([{ bytes: new Uint8Array(9_000) }]);
    expect(() => roundTrip({ bytes: new Uint8Array(9_000), bad: () => 1 })).toThrow(badMessage);
    expect(roundTrip({ fine: true })).toStrictEqual({ fine: true });
  });

  it.each([
    ["a function", () => 1],
    ["a symbol", Symbol("s")],
    ["an error", new Error("e")],
    ["a pattern", /p/],
    ["a map with keys that are no text", new Map([[1, 2]])],
    ["a key that would be the prototype", JSON.parse('{"__proto__": 1}')],
    ["a key of a map that would be the prototype", new Map([["__proto__", 1]])],
    ["too deep a nest", Array.from({ length: 80 }).reduce((inner) => [inner], 0)],
  ])("cannot hold %s, and the sender hears of it", (_name, value) => {
    expect(() => packBehind(0, { value })).toThrow(badMessage);
  });

  it.each([
    ["alone", "\ud800"],
    ["in a long text", `${"x".repeat(100)}\udc00`],
    ["in a list", [["\ud800x"]]],
    ["in a set", new Set(["\ud800"])],
    ["in a key", { "\ud800": 1 }],
    ["in a map", new Map([["key", "\udfff"]])],
    ["in a key of a map", new Map([["\udfff", 1]])],
    [
      "in an object of a class",
      new (class Named {
        name = "\ud800";
      })(),
    ],
  ])("cannot hold half a surrogate pair %s: it would arrive as another character", (_where, value) => {
    expect(() => packMessageBehind(0, { value })).toThrow(badMessage);
  });

  it("refuse what throws while it is looked at", () => {
    let looks = 0;
    const shy = {
      get text(): string {
        looks += 1;
        if (looks > 1) throw new RangeError("not again");
        return "once";
      },
    };
    expect(() => packMessageBehind(0, shy)).toThrow(badMessage);
  });

  it("arrive changed in these ways, and in no other", () => {
    class Point {
      readonly x = 1;
    }
    const sent = [
      new Point(),
      new Map([["k", 1]]),
      new URL("http://a/b"),
      -0,
      Buffer.from("b"),
      ["__proto_", "\ufffd"],
    ];
    const { bytes } = packMessageBehind(0, sent);
    const [first, ...rest] = unpackFrom(bytes, 0) as unknown[];
    expect([first, ...rest]).toStrictEqual([
      { x: 1 },
      { k: 1 },
      "http://a/b",
      0,
      new Uint8Array([98]),
      ["__proto_", "\ufffd"],
    ]);
    expect(first).not.toBeInstanceOf(Point);
  });

  it("cannot hold circles", () => {
    const circle: { self?: unknown } = {};
    circle.self = circle;
    expect(() => packBehind(0, circle)).toThrow(badMessage);
  });

  it("do not change what others pack in this process", () => {
    for (const options of [{ useRecords: false, moreTypes: true }, { useRecords: false }]) {
      const others = new Packr(options);
      const arrays = [new Uint8Array([1, 2]), new Uint8Array(300), new Uint8Array(70_000)];
      const read: unknown = others.unpack(others.pack([...arrays, Buffer.from("b")]));
      const expected = options.moreTypes === true ? arrays : arrays.map((bytes) => Buffer.from(bytes));
      expect(read).toStrictEqual([...expected, Buffer.from("b")]);
    }
  });
});

describe("bytes that are no message", () => {
  it.each([
    ["nothing", []],
    ["a list that promises more than there is", [0xdd, 0xff, 0xff, 0xff, 0xff, 1]],
    ["a map that promises more than there is", [0xdf, 0x7f, 0xff, 0xff, 0xff, 1]],
    ["text that promises more than there is", [0xdb, 0x7f, 0xff, 0xff, 0xff, 1]],
    ["something after it", [1, 2]],
    ["what nothing begins with", [0xc1]],
    ["a record, which would build code", [0xd4, 0x72, 0x40, 0x91, 0xa1, 0x61, 1]],
    ["a record with a long name", [0xd5, 0x72, 0x40, 0x00, 0x91, 0xa1, 0x61, 1]],
    ["a pattern", [0xd4, 0x78, 0, 0x92, 0xa1, 0x61, 0xa0]],
    ["an error", [0xd4, 0x65, 0, 0x93, 0xa1, 0x61, 0xa1, 0x61, 0xc0]],
    ["a pointer", [0xd6, 0x70, 0, 0, 0, 1]],
    ["bundled text", [0xd6, 0x62, 0, 0, 0, 4]],
    ["a key that is no text", [0x81, 0x01, 0x01]],
    ["a key that would be the prototype", [0x81, 0xa9, ...Buffer.from("__proto__"), 1]],
    ["such a key in a longer form", [0x81, 0xd9, 9, ...Buffer.from("__proto__"), 1]],
    ["such a key in a yet longer form", [0x81, 0xda, 0, 9, ...Buffer.from("__proto__"), 1]],
    ["such a key in the longest form", [0x81, 0xdb, 0, 0, 0, 9, ...Buffer.from("__proto__"), 1]],
    ["a set that is no list", [0xd4, 0x73, 0, 0x81, 0xa1, 0x61, 1]],
    ["numbers of four bytes that are not whole", [0xc7, 6, 0x74, 7, 1, 2, 3, 4, 5]],
    ["a typed array of no known type", [0xc7, 2, 0x74, 99, 1]],
  ])("are refused: %s", (_name, bytes) => {
    expect(() => unpackFrom(Uint8Array.from(bytes), 0, bytes.length, resolve)).toThrow(badMessage);
  });

  it("are read or refused, never more, whatever they are", () => {
    const token = fc.constantFrom(
      0x81,
      0x92,
      0xa1,
      0xc4,
      0xc7,
      0xc8,
      0xc9,
      0xd4,
      0xd5,
      0xd6,
      0xd8,
      0xdc,
      0xdd,
      0xde,
      0xdf,
      0x42,
      0x50,
      0x51,
      0x73,
      0x74,
      0xff,
    );
    const bytes = fc.array(fc.oneof(token, fc.nat(255)), { maxLength: 80 }).map((list) => Uint8Array.from(list));
    fc.assert(
      fc.property(bytes, (value) => {
        try {
          unpackFrom(value, 0, value.length, resolve);
        } catch (error) {
          if (!isActorError(error, "bad-message", "bad-address")) throw error;
        }
      }),
      { numRuns: 10_000 },
    );
  });
});
