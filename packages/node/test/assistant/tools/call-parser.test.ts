import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CallParser, MAX_CALL_CHARS, type Found } from "../../../src/assistant/tools/call-parser.ts";
import { readCall } from "../../../src/assistant/tools/offer.ts";

/** What is found when the text comes in these pieces. */
function found(pieces: readonly string[]): readonly Found[] {
  const parser = new CallParser();
  return [...pieces.flatMap((piece) => parser.push(piece)), ...parser.end()];
}

const saidOf = (all: readonly Found[]): string => all.map((each) => (each.type === "text" ? each.text : "")).join("");
const callsOf = (all: readonly Found[]): readonly string[] =>
  all.flatMap((each) => (each.type === "call" ? [each.written] : []));

/** A text cut at these places. */
function cut(text: string, places: readonly number[]): readonly string[] {
  const at = [...new Set([0, ...places.map((place) => place % (text.length + 1)), text.length])].toSorted(
    (a, b) => a - b,
  );
  return at.slice(1).map((end, index) => text.slice(at[index], end));
}

describe("calls in what a model writes", () => {
  it("are found, and what is round them is said", () => {
    const all = found(['Let me see. <tool>{"name":"time","arguments":{}}</tool> Done.']);
    expect(callsOf(all)).toEqual(['{"name":"time","arguments":{}}']);
    expect(saidOf(all)).toBe("Let me see.  Done.");
  });

  it("may be written the other way, and hold what looks like their end", () => {
    const written = '{"name":"say","arguments":{"text":"</tool_call> and \\"</tool_call>"}}';
    expect(callsOf(found([`<TOOL_CALL>\n${written}\n</tool_call>`]))).toEqual([written]);
  });

  it("leave alone what only looks like one", () => {
    const text = "a < b, <b>bold</b>, <tools>, < tool>, 1<2<3 and <to";
    const all = found([text, "o small"]);
    expect(saidOf(all)).toBe(`${text}o small`);
    expect(callsOf(all)).toEqual([]);
  });

  it("that only end are not said, and join nothing to one", () => {
    expect(saidOf(found(["yes</tool> no"]))).toBe("yes  no");
    expect(saidOf(found(["<</tool>tool>{}"]))).toBe("< tool>{}");
  });

  it("that do not end, or have an open string, never come out", () => {
    expect(found(['yes <tool>{"name": "ti'])).toEqual([
      { type: "text", text: "yes " },
      { type: "broken", why: "the call did not come to its end" },
    ]);
    expect(found(["yes <tool>", "x".repeat(MAX_CALL_CHARS), " no"]).map(({ type }) => type)).toEqual([
      "text",
      "broken",
      "text",
    ]);
    expect(callsOf(found(['<tool>{"name: 1}\n</tool>']))).toEqual(['{"name: 1}']);
  });

  it("come out whole or not at all, whatever the pieces and wherever the model stops", () => {
    const plain = fc.stringMatching(/^[a-zäß .,!?<>\n/"{}]{0,20}$/);
    const call = fc
      .record({
        name: fc.constantFrom("time", "say", "nope"),
        arguments: fc.dictionary(fc.string({ maxLength: 5 }), fc.string()),
      })
      .map((value) => JSON.stringify(value));
    const tag = fc.constantFrom("tool", "tool_call");
    const parts = fc.array(fc.tuple(plain, tag, call), { maxLength: 4 });
    fc.assert(
      fc.property(parts, plain, fc.array(fc.nat(500), { maxLength: 30 }), fc.nat(2_000), (all, rest, places, stop) => {
        // A text that holds a tag of its own is another test's.
        const said = [...all.map(([text]) => text), rest];
        fc.pre(said.every((text) => !/<\/?t/i.test(text) && !/<\/?$/.test(text)));
        const whole = all.map(([text, name, written]) => `${text}<${name}>${written}</${name}>`).join("") + rest;
        expect(found(cut(whole, places))).toSatisfy((events: readonly Found[]) => {
          expect(saidOf(events)).toBe(said.join(""));
          expect(callsOf(events)).toEqual(all.map(([, , written]) => written));
          return true;
        });
        const short = whole.slice(0, stop % (whole.length + 1));
        const events = found(cut(short, places));
        // As much of the text as there was, and nothing else.
        expect(said.join("").startsWith(saidOf(events))).toBe(true);
        expect(all.map(([, , written]) => written)).toEqual(expect.arrayContaining([...callsOf(events)]));
      }),
    );
  });

  it("do not depend on how any text at all is cut", () => {
    const unit = fc.constantFrom(
      "<",
      ">",
      "/",
      "tool",
      "_call",
      '"',
      "\\",
      "\n",
      "a",
      "{",
      "<tool>",
      "</tool>",
      "TOOL",
    );
    fc.assert(
      fc.property(fc.array(unit, { maxLength: 40 }), fc.array(fc.nat(200), { maxLength: 20 }), (units, places) => {
        const text = units.join("");
        const [whole, pieces] = [found([text]), found(cut(text, places))];
        expect(saidOf(pieces)).toBe(saidOf(whole));
        expect(callsOf(pieces)).toEqual(callsOf(whole));
        // Each stretch by itself: who uses this stops at a call.
        const stretches = whole.map((each) => (each.type === "text" ? each.text : "\u0000")).join("");
        expect(stretches).not.toMatch(/<\/?tool(?:_call)?>/i);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("a call", () => {
  it("is read as models write it", () => {
    const call = { name: "time", arguments: { zone: "Tokyo" } };
    expect(readCall('{"name":"time","arguments":{"zone":"Tokyo"}}')).toEqual(call);
    expect(readCall('{"name":"time","parameters":{"zone":"Tokyo"}}')).toEqual(call);
    expect(readCall('{"name":"time","arguments":"{\\"zone\\":\\"Tokyo\\"}"}')).toEqual(call);
    expect(readCall('{"name":"time"}')).toEqual({ name: "time", arguments: undefined });
  });

  it.each(["", "time", "[]", "null", '{"name":""}', '{"name":7,"arguments":{}}', "{'name':'time'}"])(
    "that is none is told as such: %s",
    (written) => {
      expect(readCall(written)).toEqual(expect.any(String));
    },
  );

  it("is a call or a sentence, whatever is written", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ maxLength: 40 }), fc.json({ maxDepth: 2 })), (written) => {
        const call = readCall(written);
        if (typeof call !== "string") expect(call.name).toEqual(expect.any(String));
      }),
    );
  });
});
