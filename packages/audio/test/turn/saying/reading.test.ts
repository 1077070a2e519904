import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createSpeakable, speakable } from "../../../src/turn/index.ts";

describe("English is read aloud", () => {
  test.each([
    ["It costs $3.50.", "It costs three dollars fifty."],
    ["$1, $0.99 or $2.05", "one dollar, ninety nine cents or two dollars and five cents"],
    ["It made $1.5 million and £20.", "It made one point five million dollars and twenty pounds."],
    ["That is 5 € or €5.", "That is five euros or five euros."],
    ["Run 5 km at 10 km/h.", "Run five kilometers at ten kilometers per hour."],
    ["1 kg of 16 GHz at 20°C", "one kilogram of sixteen gigahertz at twenty degrees Celsius"],
    ["At 12:30 or 3:05 pm.", "At twelve thirty or three oh five PM."],
    ["It is 5:00 now, not 17:00.", "It is five o'clock now, not seventeen hundred."],
    ["Come at 7 a.m. or so.", "Come at seven AM or so."],
    ["It ends at 9 p.m. Do not be late.", "It ends at nine PM. Do not be late."],
    ["On 2024-05-12 we met.", "On May twelfth, twenty twenty four we met."],
    ["May 3, 2024 and Dec. 25", "May third, twenty twenty four and December twenty fifth"],
    ["on 3 May and the 4th of July", "on the third of May and the fourth of July"],
    [
      "In 1999, since 1905 and until 2008.",
      "In nineteen ninety nine, since nineteen oh five and until two thousand eight.",
    ],
    ["the 1980s and '90s", "the nineteen eighties and nineties"],
    ["10:30-11:30 am, 9:00 am - 5:00 pm", "ten thirty to eleven thirty AM, nine AM to five PM"],
    ["$5-10, $3.2B or $20/month", "five to ten dollars, three point two billion dollars or twenty dollars/month"],
    ["12.05.2024 and 10-12-2024", "May twelfth, twenty twenty four and October twelfth, twenty twenty four"],
    ["Call 911 or 1-800-555-0199", "Call nine one one or one, eight zero zero, five five five, zero one nine nine"],
    ["~5 km, BA2490 at B12", "about five kilometers, BA2490 at B12"],
    ["from 1914-1918", "from nineteen fourteen to nineteen eighteen"],
    ["pages 10-12", "pages ten to twelve"],
    ["1,234.56 and 3.14", "one thousand two hundred thirty four point five six and three point one four"],
    ["the 1st, 22nd and 103rd", "the first, twenty second and one hundred third"],
    ["It is -5 outside, 50% sure", "It is minus five outside, fifty percent sure"],
    [
      "Call +1 555 123 4567 or 555-1234.",
      "Call plus one, five five five, one two three, four five six seven or five five five, one two three four.",
    ],
    ["1/2 cup and 1 1/2 cups, 24/7", "one half cup and one and a half cups, twenty four seven"],
    [
      "192.168.0.1 and v1.2.3",
      "one hundred ninety two dot one hundred sixty eight dot zero dot one and version one point two point three",
    ],
    ["Dr. Smith and Mr. Jones of St. Paul", "Doctor Smith and Mister Jones of Saint Paul"],
    ["Fruit, e.g. apples, etc. and so on, etc.", "Fruit, for example, apples, et cetera and so on, et cetera."],
    ["No. 5 and #1 of 007", "Number five and number one of zero zero seven"],
    ["No. I will not.", "No. I will not."],
    ["Salt & pepper at AT&T", "Salt and pepper at AT&T"],
    ["B2B, mp3, H2O, 3D and x86_64 stay", "B2B, mp3, H2O, 3D and x86_64 stay"],
    ["room 12. Good", "room twelve. Good"],
    ["1. First\n2. Second", "one. First. two. Second."],
    ["1000000 and 1,000,000", "one million and one million"],
    ["May 32 and a score of 3:2, 16:9", "May thirty two and a score of three to two, sixteen to nine"],
    ["from 1914 to 1918, by 2010 people", "from nineteen fourteen to nineteen eighteen, by two thousand ten people"],
  ])("%j as %j", (written, said) => {
    expect(speakable(written, { language: "en-US" })).toBe(said);
  });

  test("a date in figures follows the country, and what only one order allows", () => {
    expect(speakable("12/05/2024", { language: "en-US" })).toBe("December fifth, twenty twenty four");
    expect(speakable("12/05/2024", { language: "en-GB" })).toBe("May twelfth, twenty twenty four");
    expect(speakable("25/12/2024", { language: "en-US" })).toBe("December twenty fifth, twenty twenty four");
  });
});

describe("German is read aloud", () => {
  test.each([
    ["Das kostet 3,50 € und 1 €.", "Das kostet drei Euro fünfzig und ein Euro."],
    ["Um 12:30 Uhr, 12.30 Uhr oder 1 Uhr.", "Um zwölf Uhr dreißig, zwölf Uhr dreißig oder ein Uhr."],
    ["Am 3. Mai 2024 war es kalt.", "Am dritten Mai zweitausendvierundzwanzig war es kalt."],
    ["der 1. Mai", "der erste Mai"],
    ["am 12.05.2024", "am zwölften Mai zweitausendvierundzwanzig"],
    ["im 2. Stock", "im zweiten Stock"],
    ["am 15.03. von 10:30–11:30 Uhr", "am fünfzehnten März von zehn Uhr dreißig bis elf Uhr dreißig"],
    ["1,99 EUR und -5 Grad", "ein Euro neunundneunzig und minus fünf Grad"],
    ["Seit 1999.", "Seit neunzehnhundertneunundneunzig."],
    ["1.000.000 und 3,14", "eine Million und drei Komma eins vier"],
    [
      "5 km mit 100 km/h bei 20 °C und 50 %",
      "fünf Kilometer mit einhundert Kilometer pro Stunde bei zwanzig Grad Celsius und fünfzig Prozent",
    ],
    [
      "Obst, z.B. Äpfel, d. h. Essen bzw. Futter usw.",
      "Obst, zum Beispiel Äpfel, das heißt Essen beziehungsweise Futter und so weiter.",
    ],
    ["Dr. Müller, Nr. 5", "Doktor Müller, Nummer fünf"],
    ["21, 101 und 1717", "einundzwanzig, einhunderteins und eintausendsiebenhundertsiebzehn"],
    ["10-12 Tage", "zehn bis zwölf Tage"],
    ["2,5 Millionen, 3 Mio. €", "zwei Komma fünf Millionen, drei Millionen Euro"],
    ["Es war 12. Danach nicht.", "Es war zwölf. Danach nicht."],
  ])("%j as %j", (written, said) => {
    expect(speakable(written, { language: "de" })).toBe(said);
  });
});

test("other languages stay as they are written", () => {
  for (const language of ["fr", "es-ES", "ja", undefined]) {
    expect(speakable("5 km, 3,50 €, 12:30", { language })).toBe("5 km, 3,50 €, 12:30");
  }
});

describe("how far a word reaches in what was written", () => {
  const reaches = (written: string, language = "en"): string[] =>
    createSpeakable({ language })(written).words.map((word) => `${word.text}|${written.slice(0, word.writtenEnd)}`);

  test("marks that are not said go with the word they stand at", () => {
    expect(reaches("Hello **bold** [link](http://a.b/c) end.")).toEqual([
      "Hello|Hello",
      "bold|Hello **bold**",
      "link|Hello **bold** [link](http://a.b/c)",
      "end.|Hello **bold** [link](http://a.b/c) end.",
    ]);
  });

  test("of an amount that takes several words, only the last has said it", () => {
    expect(reaches("It is $3.50 now")).toEqual([
      "It|It",
      "is|It is",
      "three|It is",
      "dollars|It is",
      "fifty|It is $3.50",
      "now|It is $3.50 now",
    ]);
  });

  test("where no spaces are, a character counts", () => {
    expect(reaches("你好。真的", "zh")).toEqual(["你|你", "好。|你好。", "真|你好。真", "的|你好。真的"]);
  });

  test("whatever is written, words reach further and further, up to the end", () => {
    const piece = fc.constantFrom(
      "**",
      "_",
      "`",
      "\n",
      "\n- ",
      "[a b](c)",
      "http://x.y/z",
      "<b>",
      "🎉",
      "$3.50",
      "1.",
      "12:30",
      "3 May",
      "word",
      "Ünï",
      "你好",
      ". ",
      " ",
      " ",
      "5 km",
      "e.g. ",
      "Dr. A",
      "-5",
      "1999",
      "```",
      "|",
      "1/2",
      "№",
      "%",
    );
    const text = fc.oneof(
      fc.array(piece, { maxLength: 30 }).map((parts) => parts.join("")),
      fc.string({ unit: "binary" }),
    );
    fc.assert(
      fc.property(text, fc.constantFrom("en", "en-GB", "de", "zh", undefined), (written, language) => {
        const spoken = createSpeakable({ language })(written);
        let before = 0;
        for (const word of spoken.words) {
          expect(word.writtenEnd).toBeGreaterThanOrEqual(before);
          expect(spoken.text.startsWith(word.text, word.at)).toBe(true);
          before = word.writtenEnd;
        }
        expect(before).toBeLessThanOrEqual(written.length);
        expect(spoken.text === "").toBe(spoken.words.length === 0);
      }),
      { numRuns: 1000 },
    );
  });

  test("numbers without end do not stall it", () => {
    for (const mark of [
      "1",
      "1,",
      "1.",
      "1-",
      "$1",
      "12:",
      "1/2 ",
      "5 km ",
      "May 3 ",
      "3 May ",
      "+1 ",
      "der ",
      "a&",
      "1 1",
    ]) {
      for (const language of ["en", "de"]) {
        expect(speakable(mark.repeat(4000), { language }).length).toBeLessThan(400_000);
      }
    }
  });
});
