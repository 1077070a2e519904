import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normaliseCommand, normaliseDictation, normaliseHeard, speakable } from "../../../src/turn/index.ts";

describe("a transcript", () => {
  test.each([
    ["twenty five apples", "25 apples"],
    ["Twenty-five apples.", "25 apples."],
    ["one hundred and five", "105"],
    ["two thousand three hundred and four people", "2304 people"],
    ["one million two hundred thousand", "1,200,000"],
    ["one of them has five cats", "One of them has five cats"],
    ["five percent, or fifty percent", "5%, or 50%"],
    ["three point one four", "3.14"],
    ["call five five five one two three four", "Call 5551234"],
    ["half past seven", "7:30"],
    ["at a quarter to eight", "At 7:45"],
    ["quarter to one", "12:45"],
    ["wake me at seven thirty p m please", "Wake me at 7:30 pm please"],
    ["six o'clock", "6:00"],
    ["at seven a.m.", "At 7 am."],
    ["it was nineteen ninety nine", "It was 1999"],
    ["in twenty twenty four or nineteen oh five", "In 2024 or 1905"],
    ["the twenty first of may", "The 21st of may"],
    ["a thirty second timer", "A 30 second timer"],
    ["meet me at five thirty", "Meet me at 5:30"],
    ["flight four twenty", "Flight four twenty"],
    ["the thirty second of them", "The 32nd of them"],
    ["ten, twenty, thirty", "10, 20, 30"],
    ["set a timer for ten minutes and five seconds", "Set a timer for 10 minutes and 5 seconds"],
    ["first come first served", "First come first served"],
    ["a hundred reasons", "A hundred reasons"],
    ["zero", "Zero"],
    ["twenty zero", "20 zero"],
    ["hello , world !how are you", "Hello, world !how are you"],
    ["hello. how is it? i think i'm fine", "Hello. How is it? I think I'm fine"],
    ["  many   spaces ", "Many spaces"],
    ["no no no no", "No no no no"],
    ["Thank you. Thank you. Thank you. Thank you. Thank you.", "Thank you."],
    ["so we went on and on and on and on and on and on to the end", "So we went on and on to the end"],
    ["you you you you you you you you", "You"],
    ["", ""],
  ])("%j reads %j", (heard, written) => {
    expect(normaliseHeard(heard)).toBe(written);
  });

  test("fillers go only when that is asked for", () => {
    const heard = "Um, I, uh, think so, um.";
    expect(normaliseHeard(heard)).toBe("Um, I, uh, think so, um.");
    expect(normaliseHeard(heard, { dropFillers: true })).toBe("I think so.");
  });

  test("numbers of other languages stay as they were heard, and figures can be refused", () => {
    expect(normaliseHeard("fünf und zwanzig", { language: "de" })).toBe("Fünf und zwanzig");
    expect(normaliseHeard("twenty five", { numbers: false })).toBe("Twenty five");
  });
});

describe("a command", () => {
  test.each([
    ["Turn OFF the light, please!", [], "turn off the light please"],
    ["Set it to twenty five percent.", [], "set it to 25%"],
    ["Play some Beetoven.", ["Beethoven"], "play some beethoven"],
    ["Turn on the kitchin lamp", ["kitchen lamp"], "turn on the kitchen lamp"],
    ["Open the livingroom door", ["living room"], "open the living room door"],
    ["Turn on the lamp", ["off"], "turn on the lamp"],
    ["lamp two and lamb three", ["lamp", "lamb"], "lamp two and lamb three"],
    ["Wake me at 7:30.", [], "wake me at 7:30"],
    ["It's 3.5 o'clock", [], "it's 3.5 o'clock"],
  ])("%j with %j is %j", (heard, hotWords, command) => {
    expect(normaliseCommand(heard, { hotWords })).toBe(command);
  });
});

describe("spoken marks that a recogniser has tied to words", () => {
  test.each([
    ["He came back-full-stop we were glad.", "He came back. We were glad."],
    ["Is it far-question mark I am tired-exclamation-mark", "Is it far? I am tired!"],
    ["Apples-coma pears, and plums full-stop new line-see you.", "Apples, pears, and plums.\nSee you."],
    // What is no mark stays tied.
    ["A well-known twenty-five-year-old period-piece", "A well-known twenty-five-year-old period-piece"],
    ["He fell into a coma, and out of coma came", "He fell into a coma, and out of coma came"],
    ["Put a full-stop there", "Put a full-stop there"],
  ])("%s", (heard, written) => {
    expect(normaliseDictation(heard, { language: "en" })).toBe(written);
  });
});

describe("dictation", () => {
  test.each([
    [
      "dear anna comma new line thank you for the letter period i will write soon exclamation mark",
      "Dear anna,\nThank you for the letter. I will write soon!",
    ],
    ["Dear Anna, comma, new line. Thank you.", "Dear Anna,\nThank you."],
    ["is it true question mark yes", "Is it true? Yes"],
    ["milk comma eggs comma bread", "Milk, eggs, bread"],
    ["he said open quote go close quote period", "He said “go”."],
    ["it is well hyphen known", "It is well-known"],
    ["one new paragraph two", "One\n\nTwo"],
    ["put a comma here", "Put a comma here"],
    ["a long period of time", "A long period of time"],
    ["we need twenty five comma maybe thirty", "We need 25, maybe 30"],
  ])("%j is %j", (heard, written) => {
    expect(normaliseDictation(heard)).toBe(written);
  });

  test("German marks have German names", () => {
    expect(normaliseDictation("liebe Anna komma neue zeile danke punkt", { language: "de" })).toBe(
      "Liebe Anna,\nDanke.",
    );
  });
});

describe("whatever is heard", () => {
  const piece = fc.constantFrom(
    "twenty",
    "five",
    "hundred",
    "and",
    "thousand",
    "point",
    "oh",
    "half",
    "past",
    "to",
    "quarter",
    "a",
    "p",
    "m",
    "percent",
    "first",
    "comma",
    "new",
    "line",
    "open",
    "quote",
    "period",
    "um",
    ",",
    ".",
    "...",
    "?",
    "word",
    "Word",
    "(",
    ")",
    "-",
    "i",
    "I'm",
    "3",
    "ß",
    "你好",
    "\n",
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 30 }).map((parts) => parts.join(" ")),
    fc.string({ unit: "binary" }),
  );

  test("what is fit to be read stays so", () => {
    fc.assert(
      fc.property(text, (heard) => {
        const command = normaliseCommand(heard);
        expect(command).toBe(command.toLowerCase());
        expect(command).toBe(command.trim());
        const written = normaliseHeard(heard, { numbers: false });
        expect(written).toBe(written.trim());
        expect(normaliseHeard(written, { numbers: false })).toBe(written);
        expect(typeof normaliseDictation(heard)).toBe("string");
      }),
      { numRuns: 1000 },
    );
  });

  test("a number that is read aloud and heard is the same number", () => {
    const number = fc.oneof(fc.integer({ min: 10, max: 9999 }), fc.integer({ min: 10, max: 999_999_999_999 }));
    fc.assert(
      fc.property(number, (value) => {
        const heard = normaliseHeard(speakable(String(value), { language: "en" }));
        expect(heard.replaceAll(",", "")).toBe(String(value));
      }),
      { numRuns: 1000 },
    );
  });

  test("words other than numbers stay, in their order", () => {
    const plain = fc.array(fc.constantFrom("apple", "pear", "plum", "fig,", "nut."), { maxLength: 4 });
    fc.assert(
      fc.property(plain, (words) => {
        expect(normaliseHeard(words.join(" ")).toLowerCase()).toBe(words.join(" "));
      }),
    );
  });

  test("endless talk does not stall it", () => {
    for (const word of ["twenty ", "a ", "um, ", "one hundred and ", "comma ", ". ", "word word2 ", ","]) {
      const long = word.repeat(5000);
      expect(normaliseHeard(long, { dropFillers: true }).length).toBeLessThan(50_001);
      expect(normaliseDictation(long).length).toBeLessThan(90_001);
      expect(normaliseCommand(long, { hotWords: ["hot word", "wort"] }).length).toBeLessThan(90_001);
    }
  });
});
