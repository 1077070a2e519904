import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fittedTurns, readSavedMind, readSavedSession, turnsOf } from "../../../../src/services/session/saved.ts";
import type { CutTurn } from "../../../../src/services/session/turn-log.ts";
import { about } from "./kit.ts";

const outcome = fc.constantFrom(
  { ok: true as const, result: "1" },
  { ok: false as const, code: "unknown" as const, message: "?" },
);
const cutTurn: fc.Arbitrary<CutTurn> = fc.record({
  about: fc.constantFrom(about("a"), about("t#1", "house")),
  question: fc.string({ unit: "binary", maxLength: 50 }),
  text: fc.string({ unit: "binary", maxLength: 4_000 }),
  calls: fc.array(
    fc.record({ at: fc.nat(100), written: fc.string(), name: fc.constantFrom("count", undefined), outcome }),
    { maxLength: 3 },
  ),
  recalled: fc.array(
    fc.record({
      key: fc.constant("a/count/x"),
      name: fc.constant("count"),
      outcome: fc.option(outcome, { nil: undefined }),
    }),
    { maxLength: 3 },
  ),
  sentences: fc.array(fc.nat(100), { maxLength: 5 }),
  heard: fc.integer({ min: -1, max: 5 }),
  isOver: fc.constantFrom(true, false, undefined),
});
const base = { account: "anna", clientId: "c", turns: 1, mind: { strands: [], timers: [] } };

describe("what a session keeps between its turns", () => {
  it("is read back as it was, as JSON", () => {
    fc.assert(
      fc.property(fc.array(cutTurn, { maxLength: 4 }), (turns) => {
        const json: unknown = JSON.parse(JSON.stringify({ ...base, kept: fittedTurns(turns) }));
        expect(turnsOf(readSavedSession(json))).toEqual(turns);
      }),
      { numRuns: 50 },
    );
  });

  it("has a bound, and of a turn that is too long what its tools did", () => {
    const long: CutTurn = {
      about: about("a"),
      question: "?",
      text: "語".repeat(40_000),
      calls: [],
      sentences: [],
      heard: -1,
      recalled: [{ key: "a/count/x", name: "count", outcome: undefined }],
    };
    const kept = fittedTurns([long, long]);
    expect(Buffer.byteLength(JSON.stringify(kept))).toBeLessThan(33_000);
    expect(kept).toMatchObject([{ text: "", recalled: [{ name: "count" }] }, { text: "" }]);
  });

  it("is nothing where it is none, and a conversation all the same where only its turns cannot be read", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.string(), (value, text) => {
        expect(readSavedSession({ ...base, kept: value })).toMatchObject({ account: "anna" });
        expect(() => [readSavedSession(value), readSavedMind(text)]).not.toThrow();
      }),
    );
    expect(readSavedMind("{")).toBeUndefined();
  });
});
