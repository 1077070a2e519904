import { Packr } from "msgpackr";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyCommand } from "../../../src/cluster/state/apply.ts";
import {
  decodeCommand,
  decodeResult,
  encodeCommand,
  encodeResult,
  REFUSALS,
} from "../../../src/cluster/state/codec.ts";
import { LIMITS } from "../../../src/cluster/state/limits.ts";
import { KNOWN_VERSION } from "../../../src/cluster/state/versions.ts";
import { Agreed, anyCommand, bytes, FOUND } from "./support.ts";

const packr = new Packr({ useRecords: false });
const asCommand = (value: unknown): Uint8Array => asCommandOf(1, value);
const asCommandOf = (version: number, value: unknown): Uint8Array => Uint8Array.from([version, ...packr.pack(value)]);

describe("the command codec", () => {
  it("gives back every command as it was", () => {
    fc.assert(
      fc.property(anyCommand, (command) => {
        expect(decodeCommand(encodeCommand(command), KNOWN_VERSION)).toEqual({ ...command });
      }),
    );
  });

  it("has an answer to any bytes, and never throws", () => {
    const { state } = Agreed.at(KNOWN_VERSION, "b");
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc
        .tuple(fc.constantFrom(1, 2), fc.uint8Array({ maxLength: 200 }))
        .map(([version, rest]) => Uint8Array.from([version, ...rest])),
      fc
        .tuple(
          fc.constantFrom(1, 2),
          fc.anything({ withDate: true, withMap: true, withSet: true, withTypedArray: true }),
        )
        .map(([version, anything]) => asCommandOf(version, anything)),
      // A good command with a few bytes of it changed.
      fc.tuple(anyCommand, fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 })).map(([command, changes]) => {
        const encoded = encodeCommand(command);
        for (const [at, value] of changes) encoded[at % encoded.length] = value;
        return encoded;
      }),
    );
    fc.assert(
      fc.property(hostile, (data) => {
        const { result } = applyCommand(state, data, { index: 9, term: 1 });
        expect(["done", "refused"]).toContain(result.outcome);
        expect(decodeResult(encodeResult(result))).toEqual(result);
      }),
      { numRuns: 3_000 },
    );
  });

  it("refuses bytes, and anything else, in the place of any field", () => {
    const { state } = Agreed.at(KNOWN_VERSION, "b");
    for (const command of fc.sample(anyCommand, 300)) {
      const version = encodeCommand(command)[0] ?? 0;
      for (const wrong of [bytes(1, 2, 3), [bytes(1)], [[bytes(1)]], null, 7, "x", {}]) {
        for (const damaged of withEachReplaced(structuredClone({ ...command }), wrong)) {
          const { result } = applyCommand(state, asCommandOf(version, damaged), { index: 9, term: 1 });
          expect(["done", "refused"]).toContain(result.outcome);
        }
      }
    }
  });

  it("refuses a command of a newer version alike, whether or not the rest makes sense", () => {
    expect(decodeCommand(bytes(2, 0xc0), 1)).toMatchObject({ reason: "not-in-force" });
    expect(decodeCommand(bytes(2), 1)).toMatchObject({ reason: "not-in-force" });
    expect(decodeCommand(bytes(0, 0xc0), 1)).toMatchObject({ reason: "malformed" });
    expect(decodeCommand(bytes(), 1)).toMatchObject({ reason: "malformed" });
  });

  it("knows the commands of each version only under that version", () => {
    const end = {
      type: "journal-end",
      stamp: { scope: "sessions/1", kind: "epoch", token: 1 },
      session: "s1",
    } as const;
    expect(encodeCommand(end)[0]).toBe(2);
    expect(encodeCommand({ type: "leave", peer: "a" })[0]).toBe(1);
    expect(decodeCommand(encodeCommand(end), 1)).toMatchObject({ reason: "not-in-force" });
    expect(decodeCommand(asCommandOf(1, end), 2)).toMatchObject({ reason: "malformed" });
    expect(decodeCommand(asCommandOf(2, { type: "leave", peer: "a" }), 2)).toMatchObject({ reason: "malformed" });
    expect(decodeCommand(asCommandOf(3, end), 3)).toMatchObject({ reason: "malformed" });
  });

  it("refuses fields that it does not know, and __proto__ among them", () => {
    const command = { type: "leave", peer: "a" };
    expect(decodeCommand(asCommand(command), 1)).toEqual(command);
    expect(decodeCommand(asCommand({ ...command, extra: 1 }), 1)).toMatchObject({ reason: "malformed" });
    // The map {type: "leave", peer: "a", __proto__: {}} by hand: no encoder would write it.
    const text = (value: string): number[] => [0xa0 + value.length, ...Buffer.from(value)];
    const polluted = [...text("type"), ...text("leave"), ...text("peer"), ...text("a"), ...text("__proto__"), 0x80];
    expect(decodeCommand(bytes(1, 0x83, ...polluted), 1)).toMatchObject({ reason: "malformed" });
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("refuses what is larger than a command may be", () => {
    const at = (size: number) => ({ type: "put", key: "k", value: new Uint8Array(size) });
    expect(decodeCommand(asCommand(at(LIMITS.valueBytes)), 1)).toMatchObject({ type: "put" });
    expect(decodeCommand(asCommand(at(LIMITS.valueBytes + 1)), 1)).toMatchObject({ reason: "malformed" });
    const huge = new Uint8Array(LIMITS.commandBytes + 1).fill(1);
    expect(decodeCommand(huge, 1)).toMatchObject({ reason: "malformed", detail: "the command is too large" });
  });

  it("keeps nothing of the log entry's bytes", () => {
    const encoded = encodeCommand({ type: "put", key: "k", value: bytes(1, 2, 3) });
    const command = decodeCommand(encoded, 1);
    encoded.fill(0);
    expect(command).toMatchObject({ value: bytes(1, 2, 3) });
  });

  it("lets no text through that cannot be written as it is", () => {
    expect(() => encodeCommand({ type: "put", key: "\ud800", value: bytes() })).toThrow(
      "is no command that can be written",
    );
    for (const cluster of ["two\nlines", "turned \u202e round"]) {
      expect(() => encodeCommand({ ...FOUND, cluster } as typeof FOUND)).toThrow("is no command that can be written");
    }
  });

  it("gives back every result, and nothing for bytes that are none", () => {
    for (const reason of REFUSALS) {
      const result = { outcome: "refused", reason, detail: "because" } as const;
      expect(decodeResult(encodeResult(result))).toEqual(result);
    }
    fc.assert(fc.property(fc.uint8Array(), (data) => void decodeResult(data)));
    expect(decodeResult(packr.pack([1, "no such reason", ""]))).toBeUndefined();
  });
});

/** Copies of a value, in each of which one part, however deep, is another. */
function* withEachReplaced(value: unknown, other: unknown): Generator {
  yield other;
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return;
  for (const [key, part] of Object.entries(value)) {
    for (const damaged of withEachReplaced(part, other)) {
      yield Array.isArray(value) ? value.with(Number(key), damaged) : { ...value, [key]: damaged };
    }
  }
}
