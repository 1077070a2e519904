import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { latest, type Exchange } from "../../../src/assistant/conversation.ts";
import { mergeExchanges } from "../../../src/services/session/merging.ts";

/** Two sides know the same of what has the same name, but for how far its answer went. */
const exchange = fc
  .record({ n: fc.nat(30), answer: fc.constantFrom("", "Yes.", "Yes, certainly."), wasInterrupted: fc.boolean() })
  .map(({ n, ...rest }): Exchange => ({ ...rest, question: `question ${n}`, id: `id${n}`, atMs: (n * 7) % 20 }));
const history = fc.array(exchange, { maxLength: 20 }).map((each) => mergeExchanges([], each));

describe("the histories of two sides", () => {
  it("become one: everything once, in the order of its time, whoever is merged into whom, and however often", () => {
    fc.assert(
      fc.property(history, history, history, (one, other, third) => {
        const merged = mergeExchanges(one, other);
        const ids = merged.map(({ id }) => id);
        expect(new Set(ids)).toEqual(new Set([...one, ...other].map(({ id }) => id)));
        expect(ids).toHaveLength(new Set(ids).size);
        expect(merged.map(({ atMs = 0 }) => atMs)).toEqual(
          merged.map(({ atMs = 0 }) => atMs).toSorted((a, b) => a - b),
        );
        expect(mergeExchanges(other, one)).toEqual(merged);
        expect(mergeExchanges(merged, other)).toEqual(merged);
        expect(mergeExchanges(mergeExchanges(one, other), third)).toEqual(
          mergeExchanges(one, mergeExchanges(other, third)),
        );
        // What was too long ago does not come back, however often it is handed over.
        expect(latest(mergeExchanges(latest(merged), other))).toEqual(latest(merged));
      }),
    );
  });

  it("keep the fuller answer of a turn that was cut on one side and gone on with on the other", () => {
    const cut = { question: "one", answer: "It is a long", wasInterrupted: true, id: "a", atMs: 1 };
    const whole = { ...cut, answer: "It is a long story.", wasInterrupted: false, atMs: 5 };
    expect(mergeExchanges([cut], [whole])).toEqual([whole]);
    expect(mergeExchanges([whole], [cut])).toEqual([whole]);
  });

  it("leave what older software has said where it stood", () => {
    const old = ["one", "two", "three"].map((question) => ({ question, answer: "Yes.", wasInterrupted: false }));
    const later = { question: "four", answer: "Yes.", wasInterrupted: false, id: "a", atMs: 1 };
    expect(mergeExchanges(old, [later, ...old])).toEqual([...old, later]);
  });
});
