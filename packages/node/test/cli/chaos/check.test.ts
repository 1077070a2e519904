import { describe, expect, it } from "vitest";
import { check } from "../../../src/cli/chaos/check.ts";
import type { GivenTurn } from "../../../src/cli/chaos/taken.ts";
import { turnOf } from "./house-of.ts";

const SAID = ["First the water boils.", "Then the tea is put in.", "Now it may be drunk."];
const USUAL = { say: turnOf(0, "say", SAID), ask: turnOf(0, "ask", SAID) };
const ONE_VOICE = { hasOneVoice: true };

/** What is found in a turn that went so, beside one that nobody disturbed. */
function found(turn: GivenTurn, how = ONE_VOICE) {
  return check([turn], USUAL, how).map(({ kind, what }) => `${kind}: ${what}`);
}

describe("what was said while the house was hurt", () => {
  it("is in order where it is what was said before", () => {
    expect(found(turnOf(1, "say", SAID, { lost: 2, silentMs: 900 }))).toEqual([]);
    expect(found(turnOf(1, "ask", SAID))).toEqual([]);
  });

  it("is not, where a turn has no end", () => {
    expect(found(turnOf(1, "say", SAID, { failure: "connection-lost: nobody there" }))).toEqual([
      "lost: connection-lost: nobody there",
    ]);
  });

  it("is not, where a sentence comes twice, is missing, is another one, or comes in another order", () => {
    expect(found(turnOf(1, "say", [...SAID, SAID[2] ?? ""]))).toEqual(["repeated: said again: Now it may be drunk."]);
    expect(found(turnOf(1, "say", SAID.slice(1)))).toEqual(["missing: not said: First the water boils."]);
    expect(found(turnOf(1, "say", SAID.slice(0, 2).concat("Hello.")))).toEqual([
      "missing: not said: Now it may be drunk.",
      "repeated: said beside: Hello.",
    ]);
    expect(found(turnOf(1, "say", SAID.toReversed()))).toEqual([expect.stringMatching(/^order: /)]);
  });

  it("is not, where sound comes twice, or does not come", () => {
    expect(found(turnOf(1, "say", SAID, { soundMs: 3_400 }))).toEqual(["repeated: 400 ms of sound came twice"]);
    expect(found(turnOf(1, "say", SAID, { soundMs: 2_600 }))).toEqual(["missing: 400 ms of sound did not come"]);
    const silent = SAID.map((text, index) => ({ text, soundMs: index === 1 ? 0 : 1_000 }));
    expect(found(turnOf(1, "say", SAID, { sentences: silent, soundMs: 2_000 }))).toEqual([
      "missing: no sound of: Then the tea is put in.",
    ]);
  });

  it("may take another time in another voice", () => {
    const other = { hasOneVoice: false };
    expect(found(turnOf(1, "say", SAID, { soundMs: 3_900 }), other)).toEqual([]);
    expect(found(turnOf(1, "say", SAID, { soundMs: 6_000 }), other)).toEqual(["repeated: 3000 ms of sound came twice"]);
  });
});

describe("an answer while the house was hurt", () => {
  it("may be another one, of another length", () => {
    expect(found(turnOf(1, "ask", ["Tea is easy to make.", "Boil some water first."], { soundMs: 900 }))).toEqual([]);
  });

  it("is spoken as it is written, each sentence once", () => {
    const text = SAID.join(" ");
    expect(found(turnOf(1, "ask", [...SAID.slice(0, 2), SAID[1] ?? "", SAID[2] ?? ""], { text }))).toEqual([
      "repeated: said again: Then the tea is put in.",
    ]);
    expect(found(turnOf(1, "ask", SAID.slice(0, 2), { text }))).toEqual([expect.stringMatching(/^missing: /)]);
    expect(found(turnOf(1, "ask", [], { text: "" }))).toEqual(["missing: the answer is empty"]);
  });

  it("does not begin anew", () => {
    const twice = [...SAID, ...SAID];
    expect(found(turnOf(1, "ask", twice))).toEqual([
      expect.stringMatching(/^repeated: written again: First the water/),
    ]);
    // A model that does so by itself is left to it.
    const usual = { ask: turnOf(0, "ask", twice) };
    expect(check([turnOf(1, "ask", twice)], usual, ONE_VOICE)).toEqual([]);
  });

  it("is only read where what is spoken is not what is written", () => {
    const spoken = turnOf(0, "ask", ["It is ten past nine."], { text: "It is 9:10." });
    const turn = turnOf(1, "ask", ["It is half past nine."], { text: "It is 9:30." });
    expect(check([turn], { ask: spoken }, ONE_VOICE)).toEqual([]);
  });
});
