import fc from "fast-check";
import { pack, Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { isPeerError } from "../../../../src/errors.ts";
import { decode, encode } from "../../../../src/mesh/door/protocol/codec.ts";
import { aboutSchema, refusedSchema, requestSchema } from "../../../../src/mesh/door/protocol/messages.ts";
import { application } from "../people.ts";

const anything = z.unknown();
const requests = [
  { type: "hello", version: 1 },
  { type: "pair", method: "code", cluster: "c", start: new Uint8Array(96) },
  { type: "knock", application },
  { type: "welcome" },
];

describe("the door's codec", () => {
  it.each(requests)("carries a request of type $type", (request) => {
    expect(decode(requestSchema, encode(request))).toEqual(request);
  });

  it("carries whatever plain value is packed", () => {
    const plain = fc.letrec((tie) => ({
      value: fc.oneof(
        { maxDepth: 3 },
        fc.constant(null),
        fc.boolean(),
        fc.integer(),
        // MessagePack has no negative zero among its integers.
        fc.double({ noNaN: true }).map((number) => number + 0),
        fc.string({ unit: "grapheme" }),
        fc.array(tie("value"), { maxLength: 20 }),
        fc.dictionary(fc.string({ unit: fc.constantFrom("a", "b", "c") }), tie("value"), {
          maxKeys: 20,
          noNullPrototype: true,
        }),
      ),
    })).value;
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom("x", "y"), plain, { noNullPrototype: true }), (message) => {
        const frame = encode(message);
        fc.pre(frame.length <= 16_384);
        expect(decode(anything, frame)).toEqual(message);
      }),
    );
  });

  it("refuses every cut of a message, and anything behind it", () => {
    for (const frame of requests.map(encode)) {
      const wrong = [...frame.keys()].map((bytes) => frame.subarray(0, bytes));
      for (const bytes of [...wrong, Buffer.concat([frame, Buffer.of(0xc0)])]) {
        expect(() => decode(anything, bytes)).toThrowError(expect.objectContaining({ code: "peer-misbehaved" }));
      }
    }
  });

  it.each<[string, Uint8Array]>([
    ["an array that says it has four thousand million items", Buffer.from("ddffffffff", "hex")],
    ["a map that says so", Buffer.from("dfffffffff", "hex")],
    ["a text that says so", Buffer.from("dbffffffff41", "hex")],
    ["arrays in arrays without end", Buffer.alloc(16_000, 0x91)],
    ["arrays in arrays, nine deep", Buffer.from("919191919191919190", "hex")],
    ["a text that is no UTF-8", Buffer.from("a180", "hex")],
    ["a map whose keys are no texts", Buffer.from("8101c0", "hex")],
    ["a date", pack(new Date(0))],
    ["a set", new Packr({ moreTypes: true }).pack(new Set([1]))],
    ["an extension", Buffer.from("d40100", "hex")],
    ["the byte that is never used", Buffer.of(0xc1)],
    ["nothing", new Uint8Array(0)],
    ["more than a frame may hold", encode({ x: "x".repeat(16_384) })],
  ])("refuses %s with a typed error", (_what, frame) => {
    expect(() => decode(anything, frame)).toThrowError(expect.objectContaining({ code: "peer-misbehaved" }));
  });

  it("gives any bytes a message that fits or a typed error", () => {
    const changed = fc
      .tuple(fc.constantFrom(...requests.map(encode)), fc.array(fc.tuple(fc.nat(300), fc.nat(255)), { maxLength: 4 }))
      .map(([frame, changes]) => {
        const bytes = Uint8Array.from(frame);
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(changed, fc.uint8Array({ maxLength: 400 })), (bytes) => {
        for (const schema of [requestSchema, aboutSchema, refusedSchema]) {
          try {
            expect(decode(schema as z.ZodType<{ type: string }>, bytes).type).toBeTypeOf("string");
          } catch (error) {
            if (!isPeerError(error, "peer-misbehaved")) throw error;
          }
        }
      }),
      { numRuns: 2000 },
    );
  });

  it("takes no field that it does not know, and no text that moves a terminal's cursor", () => {
    expect(() => decode(requestSchema, encode({ type: "welcome", more: 1 }))).toThrow(/not due/);
    const knock = (name: string) => encode({ type: "knock", application: { ...application, name } });
    expect(() => decode(requestSchema, knock("kitchen\u001b[2J"))).toThrow(/not due/);
    expect(() => decode(requestSchema, knock("kitchen\u202enehctik"))).toThrow(/not due/);
    expect(() => decode(requestSchema, knock("é".repeat(40)))).toThrow(/not due/);
    expect(decode(requestSchema, knock("küche")).type).toBe("knock");
  });
});
