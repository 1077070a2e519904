import { deflateRawSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { openRecords, sealRecords } from "../../../src/cluster/journal/pieces.ts";
import { readJournal } from "../../../src/cluster/journal/reading.ts";
import {
  checkRecord,
  decodeKept,
  decodeRecords,
  encodeKept,
  type AnyRecord,
} from "../../../src/cluster/journal/records.ts";
import { drawKey, keyOf, nameOf, open, seal, wipe } from "../../../src/cluster/journal/sealing.ts";
import { LIMITS } from "../../../src/cluster/state/limits.ts";
import type { SessionJournal } from "../../../src/cluster/state/model.ts";

const KEY = drawKey();
const PLACE = { session: "s", turn: 7, kind: "record", number: 3 } as const;

/** Of one answer. */
const MOST_SENTENCES = 65_000;
const text = fc.string({ unit: "grapheme", maxLength: 30 });
const name = fc.string({ minLength: 1, maxLength: 20, unit: "grapheme-ascii" });
const anyRecord: fc.Arbitrary<AnyRecord> = fc.oneof(
  fc.record({ type: fc.constant("heard-question" as const), question: text }),
  fc.record({ type: fc.constant("written" as const), text }),
  fc.record({ type: fc.constant("state" as const), state: text }),
  fc.record({ type: fc.constant("through" as const), atMs: fc.nat() }),
  fc.record({ type: fc.constant("sentence" as const), index: fc.nat(MOST_SENTENCES), text, to: fc.nat() }),
  fc.record({
    type: fc.constant("call" as const),
    at: fc.nat(),
    written: text,
    outcome: fc.record({ ok: fc.constant(true as const), result: text }),
  }),
  fc.record({
    type: fc.constant("tool-called" as const),
    call: name,
    name,
    repeats: fc.constantFrom("by-key" as const, "at-most-once" as const),
  }),
  fc.record({
    type: fc.constant("tool-result" as const),
    call: name,
    outcome: fc.oneof(
      fc.record({ ok: fc.constant(true as const), result: text }),
      fc.record({ ok: fc.constant(false as const), code: name, message: text }),
    ),
  }),
  fc.record({ type: fc.constant("heard" as const), index: fc.nat(MOST_SENTENCES) }),
  fc.record({
    type: fc.constant("ended" as const),
    outcome: fc.constantFrom("answered" as const, "interrupted" as const, "cancelled" as const, "failed" as const),
  }),
);
const accepted: AnyRecord = { type: "accepted", workId: "w", kind: "talk", question: "", atMs: 4 };

function plain<Value>(value: Value): Value {
  return structuredClone(value);
}

describe("sealing", () => {
  it("opens with its key in its place, and nowhere else", () => {
    const bytes = Buffer.from("four minutes");
    const sealed = seal(KEY, PLACE, bytes);
    expect(keyOf(sealed)).toBe(nameOf(KEY));
    expect(Buffer.from(open(KEY, PLACE, sealed) ?? [])).toEqual(bytes);
    expect(open(drawKey(), PLACE, sealed)).toBeUndefined();
    for (const other of [{ session: "t" }, { turn: 8 }, { kind: "kept" as const }, { number: 4 }]) {
      expect(open(KEY, { ...PLACE, ...other }, sealed)).toBeUndefined();
    }
  });

  it("opens nothing of which one bit was changed, or that was cut short", () => {
    const sealed = seal(KEY, PLACE, Buffer.from("four"));
    for (let bit = 0; bit < sealed.length * 8; bit += 1) {
      const changed = Uint8Array.from(sealed);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(open(KEY, PLACE, changed)).toBeUndefined();
    }
    for (let length = 0; length < sealed.length; length += 1) {
      expect(open(KEY, PLACE, sealed.subarray(0, length))).toBeUndefined();
    }
  });

  it("never gives the same bytes twice, and seals nothing with a key that was wiped", () => {
    expect(seal(KEY, PLACE, Buffer.of(1))).not.toEqual(seal(KEY, PLACE, Buffer.of(1)));
    const key = drawKey();
    wipe(key);
    expect(() => seal(key, PLACE, Buffer.of(1))).toThrow("a key that was wiped");
  });

  it("has an answer to any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        expect(open(KEY, PLACE, bytes)).toBeUndefined();
        keyOf(bytes);
        decodeRecords(bytes);
        decodeKept(bytes);
      }),
    );
  });
});

function encodedKept(value: unknown): Uint8Array {
  const bytes = encodeKept(value);
  if (bytes === undefined) throw new Error("more than may be kept");
  return bytes;
}

describe("a turn's records", () => {
  it("come back as they were, in batches of any size, the longest in several entries", () => {
    const batches = fc.array(fc.array(anyRecord, { minLength: 1, maxLength: 6 }), { maxLength: 5 });
    const chapter = { session: "s", turn: 2, key: KEY };
    fc.assert(
      fc.property(batches, fc.constantFrom(0, 1, 20_000, 60_000), (all, extra) => {
        const long: AnyRecord = { type: "sentence", index: 1, text: "ü".repeat(extra) };
        const entries: Uint8Array[] = [];
        for (const batch of [...all, [long]]) entries.push(...sealRecords(chapter, entries.length, batch));
        expect(entries.every(({ length }) => length <= LIMITS.journalRecordBytes)).toBe(true);
        const read = openRecords(chapter, entries);
        expect(read.isWhole).toBe(true);
        expect(plain(read.records)).toEqual(plain([...all.flat(), long]));
      }),
      { numRuns: 40 },
    );
  });

  it("are read up to the first entry that is missing, changed, moved or half there", () => {
    const chapter = { session: "s", turn: 2, key: KEY };
    const [one, two, three] = [0, 1, 2].flatMap((i) =>
      sealRecords(chapter, i, [{ type: "sentence", index: i, text: "" }]),
    );
    if (one === undefined || two === undefined || three === undefined) throw new Error("three entries");
    const count = (...entries: readonly Uint8Array[]): readonly [number, boolean] => {
      const { records, isWhole } = openRecords(chapter, entries);
      return [records.length, isWhole];
    };
    expect(count(one, two, three)).toEqual([3, true]);
    expect(count(one, three)).toEqual([1, false]);
    expect(count(two, one)).toEqual([0, false]);
    expect(count(one, Uint8Array.of(), three)).toEqual([1, false]);
    const [head] = sealRecords(chapter, 2, [{ type: "sentence", index: 2, text: "x".repeat(40_000) }]);
    expect(count(one, two, head ?? one)).toEqual([2, false]);
  });

  it("are refused where they are none, also when they come from here", () => {
    expect(() => checkRecord({ type: "sentence", index: -1, text: "" })).toThrow("no record of a turn");
    expect(decodeRecords(Buffer.of(0x92, 2, 0x90))).toBeUndefined();
  });

  it("keep any JSON between turns, and refuse what is none", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.stringify(decodeKept(encodedKept(value))?.value)).toBe(JSON.stringify(value));
      }),
    );
    expect(() => encodeKept(undefined)).toThrow("is JSON");
    expect(() => encodeKept(() => 1)).toThrow("is JSON");
  });

  it("keep a conversation in a part of its length, and nothing that is or becomes larger than may be kept", () => {
    const said = Array.from({ length: 40 }, (_, n) => ({
      question: `What is ${n} and ${n}?`,
      answer: `It is ${2 * n}.`,
    }));
    expect(encodedKept(said).length).toBeLessThan(JSON.stringify(said).length / 3);
    expect(encodeKept("x".repeat(LIMITS.journalKeptBytes))).toBeUndefined();
    const bomb = deflateRawSync(Buffer.from(`[1,${JSON.stringify("x".repeat(10_000_000))}]`));
    expect(bomb.length).toBeLessThan(LIMITS.journalKeptBytes);
    expect(decodeKept(bomb)).toBeUndefined();
  });
});

describe("reading a journal", () => {
  const records = drawKey();
  const kept = drawKey();
  const keys = () => ({ turn: 7, records: Uint8Array.from(records), kept: Uint8Array.from(kept) });
  const ring = { find: async () => new Map([records, kept].map((key) => [nameOf(key), keys()])) };
  const chapter = { session: "s", turn: 7, key: records };
  const journal = (fields: Partial<SessionJournal>): SessionJournal => ({
    scope: "sessions/1",
    turn: 7,
    records: undefined,
    kept: undefined,
    atMs: 1,
    ...fields,
  });

  it("says which part of it cannot be read, and why", async () => {
    const lost = { find: async () => new Map<string, ReturnType<typeof keys>>() };
    const sealedKept = seal(kept, { session: "s", turn: 7, kind: "kept", number: 0 }, encodedKept(1));
    const both = journal({ records: sealRecords(chapter, 0, [accepted]), kept: sealedKept });
    expect((await readJournal(ring, "s", both)).found).toMatchObject({
      kept: { value: 1 },
      turn: { records: [] },
      lost: { kept: undefined, turn: undefined },
    });
    expect(await readJournal(lost, "s", both)).toEqual({
      found: { kept: undefined, turn: undefined, lost: { kept: "keys-lost", turn: "keys-lost" } },
      resumed: undefined,
    });
    const elsewhere = await readJournal(ring, "another", both);
    expect(elsewhere.found.lost).toEqual({ kept: "unreadable", turn: "unreadable" });
    const headless = journal({ records: sealRecords(chapter, 0, [{ type: "heard", index: 0 }]) });
    expect((await readJournal(ring, "s", headless)).found.lost.turn).toBe("unreadable");
  });

  it("gives what it can of a turn of which the end cannot be read, or gives nothing, whatever stands there", async () => {
    const good = sealRecords(chapter, 0, [accepted, { type: "sentence", index: 0, text: "Four." }]);
    const partly = await readJournal(ring, "s", journal({ records: [...good, Uint8Array.of(1)] }));
    expect(partly.found).toMatchObject({ turn: { records: [{ index: 0 }] }, lost: { turn: "unreadable" } });
    expect(partly.resumed?.entries).toHaveLength(2);
    const anything = fc.array(fc.oneof(fc.uint8Array({ maxLength: 60 }), fc.constantFrom(...good)), { maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(anything, fc.uint8Array({ maxLength: 60 }), async (entries, bytes) => {
        const { found } = await readJournal(ring, "s", journal({ records: entries, kept: bytes }));
        expect(found.kept).toBeUndefined();
        expect(found.lost.kept).toMatch(/^(keys-lost|unreadable)$/u);
      }),
    );
  });
});
