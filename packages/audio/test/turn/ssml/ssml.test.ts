import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isSsml, parseSsml } from "../../../src/turn/index.ts";
import type { SpeakingSegment, SsmlDocument } from "../../../src/turn/index.ts";

function document(inside: string, language = "en-US"): SsmlDocument {
  const result = parseSsml(`<speak>${inside}</speak>`, { language });
  if (!result.ok) throw new Error(`${result.fault.line}:${result.fault.column} ${result.fault.problem}`);
  return result.document;
}

function said(inside: string, language?: string): string[] {
  return document(inside, language).segments.map(({ spoken }) => spoken.text);
}

function only(inside: string): SpeakingSegment {
  const { segments } = document(inside);
  expect(segments).toHaveLength(1);
  const [segment] = segments;
  if (segment === undefined) throw new Error("no segment");
  return segment;
}

describe("what is said", () => {
  test.each([
    ["cardinal", "1,234", "one thousand two hundred thirty four"],
    ["ordinal", "3", "third"],
    ["ordinal", "22", "twenty second"],
    ["digits", "2024", "two zero two four"],
    ["characters", "HAL 9", "H eigh L nine"],
    ["spell-out", "abc", "eigh B C"],
    ["date", "2024-05-12", "May twelfth, twenty twenty four"],
    ["time", "3:05 pm", "three oh five PM"],
    ["telephone", "555-1234", "five five five, one two three four"],
    ["currency", "$3.50", "three dollars fifty"],
    ["unit", "5 km", "five kilometers"],
    ["fraction", "1/2", "one half"],
    ["nonsense", "12", "twelve"],
  ])("as %s, %j is %j", (kind, written, spoken) => {
    const { spoken: found } = only(`It is <say-as interpret-as="${kind}">${written}</say-as> now.`);
    expect(found.text).toBe(`It is ${spoken} now.`);
    expect(found.written).toBe(`It is ${written} now.`);
  });

  test("a date is taken in the order that its format gives", () => {
    expect(said('<say-as interpret-as="date" format="dmy">12/05/2024</say-as>')).toEqual([
      "May twelfth, twenty twenty four",
    ]);
    expect(said('<say-as interpret-as="date" format="mdy">12/05/2024</say-as>')).toEqual([
      "December fifth, twenty twenty four",
    ]);
  });

  test("numbers are read in the language at hand", () => {
    expect(said('At 12:30. <s xml:lang="de">Um 12:30 Uhr.</s>')).toEqual([
      "At twelve thirty.",
      "Um zwölf Uhr dreißig.",
    ]);
    expect(said('<say-as interpret-as="ordinal">3</say-as>', "de-DE")).toEqual(["dritter"]);
  });

  test("an alias is said for what is written, once", () => {
    const { spoken, marks } = only('The <sub alias="World Wide Web Consortium">W<mark name="m"/>3C</sub> says so.');
    expect(spoken.text).toBe("The World Wide Web Consortium says so.");
    expect(spoken.written).toBe("The W3C says so.");
    expect(spoken.words.map(({ writtenEnd }) => spoken.written.slice(0, writtenEnd))).toEqual([
      "The",
      "The",
      "The",
      "The",
      "The W3C",
      "The W3C says",
      "The W3C says so.",
    ]);
    expect(marks).toEqual([{ name: "m", writtenAt: 5 }]);
  });

  test("entities and CDATA are text", () => {
    expect(document("a &lt; b &amp; c &#65;&#x42; <![CDATA[<break/> & d]]>").text).toBe("a < b & c AB <break/> & d");
  });

  test("of unknown elements the content is read, of metadata nothing, of comments nothing", () => {
    expect(
      said("One <w>two</w> <!-- no --><audio src='x'>three</audio><metadata><p>no</p></metadata> four<?no?>."),
    ).toEqual(["One two three four."]);
  });
});

describe("how it is said", () => {
  test("breaks make pauses, which add up, and stay below ten seconds", () => {
    const { segments, pauseAfterMs } = document(
      'One<break time="500ms"/> two <break strength="strong"/><break time="1.5s"/>three<break/> <break time="99s"/>',
    );
    expect(segments.map(({ spoken, pauseBeforeMs }) => [spoken.text, pauseBeforeMs])).toEqual([
      ["One", 0],
      ["two", 500],
      ["three", 2200],
    ]);
    expect(pauseAfterMs).toBe(10_000);
  });

  test("paragraphs and sentences are set apart", () => {
    const { segments, text } = document("<p><s>One.</s><s>Two.</s></p>\n <p>Three.</p>");
    expect(segments.map(({ pauseBeforeMs }) => pauseBeforeMs)).toEqual([0, 250, 600]);
    expect(text).toBe("One. Two.\nThree.");
  });

  test.each([
    ['rate="slow"', { rate: 0.8 }],
    ['rate="120%"', { rate: 1.2 }],
    ['rate="-10%"', { rate: 0.9 }],
    ['rate="+1000%"', { rate: 2 }],
    ['rate="quick"', { rate: 1 }],
    ['pitch="high"', { pitchSemitones: 2 }],
    ['pitch="-3st"', { pitchSemitones: -3 }],
    ['pitch="+100%"', { pitchSemitones: 12 }],
    ['pitch="200Hz"', { pitchSemitones: 0 }],
    ['volume="soft"', { volumeDb: -6 }],
    ['volume="+3dB"', { volumeDb: 3 }],
    ['volume="silent"', { volumeDb: -120 }],
    ['volume="10"', { volumeDb: -20 }],
    ['rate="constructor"', { rate: 1 }],
  ])("prosody %s", (attributes, wanted) => {
    const segment = only(`<prosody ${attributes}>Hello</prosody>`);
    for (const [key, value] of Object.entries(wanted)) {
      expect(segment[key as "rate" | "pitchSemitones" | "volumeDb"]).toBeCloseTo(value, 5);
    }
  });

  test("manners nest and end with their element", () => {
    const { segments } = document(
      '<prosody rate="150%">a<prosody rate="80%" pitch="+2st">b<emphasis level="strong">c</emphasis></prosody>d</prosody>e<emphasis>f</emphasis>',
    );
    expect(
      segments.map(({ spoken, rate, pitchSemitones, emphasis }) => [
        spoken.text,
        Math.round(rate * 100) / 100,
        pitchSemitones,
        emphasis,
      ]),
    ).toEqual([
      ["a", 1.5, 0, "none"],
      ["b", 1.2, 2, "none"],
      ["c", 1.2, 2, "strong"],
      ["d", 1.5, 0, "none"],
      ["e", 1, 0, "none"],
      ["f", 1, 0, "moderate"],
    ]);
  });
});

describe("what is no document says where and what to do", () => {
  test.each([
    ["<speak>One\n <b>two</speak>", 2, 8, "</b>"],
    ["<speak>\n\n", 1, 1, "</speak>"],
    ["<speak>a & b</speak>", 1, 10, "&amp;"],
    ["<speak>&nbsp;</speak>", 1, 8, "&amp;"],
    ["<speak>&#0;</speak>", 1, 8, "&amp;"],
    ["<speak>1 < 2</speak>", 1, 11, "&lt;"],
    ["<speak><break time=1s/></speak>", 1, 20, '"'],
    ["<speak><break time='1s/></speak>", 1, 20, "quotes"],
    ["<speak><a b='1' b='2'/></speak>", 1, 17, "Remove"],
    ["<speak><a b='1'c='2'/></speak>", 1, 16, "space"],
    ["<speak/><speak/>", 1, 9, "one <speak>"],
    ["<speak/>text", 1, 9, "<speak>"],
    ["text", 1, 1, "<speak>"],
    ["", 1, 1, "<speak>"],
    ["<p>x</p>", 1, 1, "<speak>"],
    ["<speak><!-- x</speak>", 1, 8, "-->"],
    ["<speak><![CDATA[x</speak>", 1, 8, "]]>"],
    ["</speak>", 1, 1, "Remove"],
    ["<speak>\u0000</speak>", 1, 8, "Remove"],
    ['<!DOCTYPE speak [<!ENTITY a "b">]><speak>&a;</speak>', 1, 1, "Remove"],
    ['<!DOCTYPE speak SYSTEM "file:///etc/passwd"><speak/>', 1, 1, "Remove"],
    [`<speak>${"<p>".repeat(40)}`, 1, 101, "Nest"],
    [`<speak>${"a".repeat(100_000)}</speak>`, 1, 100_001, "Split"],
  ])("%j", (text, line, column, step) => {
    const result = parseSsml(text);
    expect(result.ok).toBe(false);
    if (result.ok) return;
    expect([result.fault.line, result.fault.column]).toEqual([line, column]);
    expect(result.fault.nextStep).toContain(step);
  });

  test("SSML is told from text", () => {
    expect(["<speak>a</speak>", ' \n<?xml version="1.0"?>\n<speak version="1.1">', "<speak/>"].map(isSsml)).toEqual([
      true,
      true,
      true,
    ]);
    expect(["<speaker>", "Say <speak>", "", "<p>"].map(isSsml)).toEqual([false, false, false, false]);
  });
});

describe("whatever comes", () => {
  const piece = fc.constantFrom(
    "<speak>",
    "</speak>",
    "<p>",
    "</p>",
    "<s>",
    "</s>",
    "<break/>",
    "<break time='1s'/>",
    "<prosody rate='fast'>",
    "</prosody>",
    "<sub alias='b c'>",
    "</sub>",
    "<say-as interpret-as='digits'>",
    "</say-as>",
    "<emphasis>",
    "</emphasis>",
    "<mark name='x'/>",
    "&amp;",
    "&",
    "<",
    ">",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "word",
    "12",
    " ",
    "\n",
    "😀",
    "\u0301",
    "é",
    "'",
    '"',
    "=",
  );

  test("a document or a fault comes out", () => {
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, (input) => {
        const result = parseSsml(input);
        if (!result.ok) {
          expect(result.fault.line).toBeGreaterThan(0);
          expect(result.fault.column).toBeGreaterThan(0);
        }
      }),
      { numRuns: 1000 },
    );
  });

  test("well-formed ones keep their text, and segments say something", () => {
    const leaf = fc.constantFrom(
      "Hello",
      "12",
      " ",
      "\n ",
      "!",
      "&amp;",
      "<break/>",
      "<mark name='x'/>",
      "<![CDATA[<x>]]>",
      "€5",
      "😀",
    );
    const wrap = fc.constantFrom(
      ["<p>", "</p>"],
      ["<s>", "</s>"],
      ["<prosody rate='fast'>", "</prosody>"],
      ["<sub alias='b c'>", "</sub>"],
      ["<say-as interpret-as='digits'>", "</say-as>"],
      ["<emphasis>", "</emphasis>"],
      ["<voice name='x uwe' languages='de'>", "</voice>"],
      ["<x>", "</x>"],
      ["<metadata>", "</metadata>"],
    );
    const { tree } = fc.letrec<{ tree: string }>((tie) => ({
      tree: fc.oneof(
        { maxDepth: 5 },
        leaf,
        fc
          .tuple(wrap, fc.array(tie("tree"), { maxLength: 5 }))
          .map(([[open, close], inside]) => `${open ?? ""}${inside.join("")}${close ?? ""}`),
      ),
    }));
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 8 }), (inside) => {
        const { segments, text, pauseAfterMs } = document(inside.join(""));
        if (segments.length > 0) expect(segments.map(({ spoken }) => spoken.written).join("")).toBe(text);
        const plain = inside.join("").replaceAll(/<metadata>.*?<\/metadata>/gsu, "");
        // Every word that is not metadata is there for the eye.
        if (!inside.join("").includes("<metadata>")) {
          expect(text.split("Hello").length).toBe(plain.split("Hello").length);
        }
        for (const { spoken, pauseBeforeMs, marks } of segments) {
          expect(spoken.text).toMatch(/[\p{L}\p{N}]/u);
          expect(pauseBeforeMs).toBeLessThanOrEqual(10_000);
          for (const { writtenAt } of marks) expect(writtenAt).toBeLessThanOrEqual(spoken.written.length);
          for (const { writtenEnd } of spoken.words) expect(writtenEnd).toBeLessThanOrEqual(spoken.written.length);
        }
        expect(pauseAfterMs).toBeLessThanOrEqual(10_000);
      }),
      { numRuns: 500 },
    );
  });

  test("marks without end do not stall it", () => {
    for (const mark of [
      "<",
      "&",
      "<p>",
      "<p/>",
      "<!--",
      "<![CDATA[",
      "]]>",
      "<a b='",
      "&#1",
      "a&amp;",
      "</p>",
      "<sub alias='a'>b</sub>",
    ]) {
      const room = Math.floor(90_000 / mark.length);
      const result = parseSsml(`<speak>${mark.repeat(room)}</speak>`);
      expect(typeof result.ok).toBe("boolean");
    }
  });
});
