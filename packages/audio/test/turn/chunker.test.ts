import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createChunker, createSpeakable } from "../../src/turn/index.ts";
import type { ChunkerOptions } from "../../src/turn/index.ts";

/** Limits that let every sentence be a chunk of its own. */
const EACH: ChunkerOptions = { firstMinChars: 1000, firstMaxChars: 1000, minChars: 2, maxChars: 1000 };

function chunks(text: string, options: ChunkerOptions = {}, cuts: readonly number[] = [text.length]): string[] {
  const chunker = createChunker(options);
  const out: string[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = Math.max(1, cuts[i % cuts.length] ?? 1);
    out.push(...chunker.push(text.slice(at, at + size)));
    at += size;
  }
  return [...out, ...chunker.end()];
}

function sentences(text: string): string[] {
  return chunks(text, EACH).map((chunk) => chunk.trim());
}

describe("sentences", () => {
  test.each<[string, string[]]>([
    ["plain stops", ["One here.", "Two here!", "Three here?", "Four here"]],
    ["stops in a row", ["What?!", "No way!!!", "Yes."]],
    ["titles", ["Dr. Smith met Mrs. Jones and Prof. Lee.", "They talked."]],
    ["initials", ["J. R. R. Tolkien wrote it.", "So do I.", "Then we slept."]],
    ["Latin abbreviations", ["Fruit, e.g. apples, i.e. food, etc. and so on.", "Next one."]],
    ["German abbreviations", ["Obst, z.B. Äpfel, d.h. Essen, bzw. Futter, z. B. Birnen.", "Der Nächste."]],
    ["German dates", ["Am 3. Mai war es kalt.", "Danach nicht."]],
    ["years and numbers at the end", ["It was 1999.", "Then came 2000.", "Room 12.", "Good."]],
    ["decimals, prices, versions", ["Pi is 3.14 and costs $2.50 in v1.2.3 of it.", "Fine."]],
    ["times", ["Come at 5.30 p.m. or at 7 a.m. sharp.", "It ends at 9 p.m.", "Do not be late."]],
    ["countries and degrees", ["The U.S. law and a Ph.D. thesis agree.", "Good."]],
    ["numbered references", ["See fig. 3 and No. 5 on p. 12 of it.", "No.", "I will not."]],
    ["URLs and e-mails", ["Go to https://a.example.com/b.html?c=d.e or mail a.b@c.org now.", "Done."]],
    ["a URL at the end", ["Go to www.example.com.", "Done."]],
    [
      "ellipses",
      ["Well... maybe not… or so.", "Then… Yes."].flatMap((s) => (s === "Then… Yes." ? ["Then…", "Yes."] : [s])),
    ],
    ["quotes around", ['He said "No."', '"Really?" she asked.', "“Yes!”", "(It was.)", "Good."]],
    ["markdown around", ["**Done.**", "_Good._", "Next."]],
    ["emoji behind", ["Great!🎉", "Next one.", "😀 Last one"]],
    ["lower case after a question", ["what?", "no way!", "ok."]],
    ["English titles and places", ["Gen. Lee met Lt. Col. Hay near Mt. Hood.", "Sen. Roe left vs. Rep. Doe."]],
    ["companies", ["Acme Corp. is large.", "It bought Foo Inc. and Bar Ltd. in March."]],
    ["months cut short", ["It was on Jan. 5 or Feb. 12 of that year.", "Then came March."]],
    ["money and measures", ["It cost $1.5 million, i.e. 1.4 million euros, in all.", "It weighs 2.5 kg."]],
    ["numbers with signs", ["It fell by -3.5 % to 1,234.56.", "Then it rose."]],
    ["paths and files", ["Open main.test.ts and docs/a.b.md first.", "Then run it."]],
    ["an address in brackets", ["It is here (see https://a.b/c.d).", "Read it."]],
    ["a quotation inside", ["She said “It is late.” and left.", "He stayed."]],
    ["German titles", ["Prof. Dr. Müller traf Hr. Schmidt und Fr. Lang.", "Sie redeten."]],
    ["German numbers", ["Es sind ca. 1.234,56 Euro, also 3,5 Prozent.", "Das ist viel."]],
    ["German ordinals", ["Am 2. Mai und am 31. Dezember.", "Danach kam Ruhe."]],
    ["German times", ["Um 12.30 Uhr, d.h. mittags, geht es los.", "Komm bitte!"]],
    ["German quotes", ["Er sagte: „Komm!“", "„Warum?“ fragte sie.", "Dann ging er."]],
    ["German quotes of print", ["»Ja.«", "»Nein!« rief er.", "Gut."]],
    ["French", ["M. Dupont est là.", "« Vraiment ? »", "Oui."]],
    ["Spanish", ["¿Cómo estás?", "¡Muy bien!", "Hasta luego."]],
    [
      "German abbreviations that stand before names and numbers",
      [
        "Herr Dr. med. Huber kam.",
        "Siehe Abs. 2 und Bd. 3.",
        "Die Fa. Meier GmbH & Co. KG zahlt 5 Mio. Euro.",
        "Es ist in der Hauptstr. 7.",
        "Gut.",
      ],
    ],
    ["dots set apart", ["It went on . . . and on. . . until the end.", "Then . . .", "Nothing."]],
    ["Arabic", ["كيف حالك؟", "أنا بخير، شكرا!", "نعم."]],
    ["Hebrew", ["מה שלומך?", "הכל בסדר!", "תודה."]],
    ["Hindi", ["यह एक वाक्य है।", "यह दूसरा है॥", "और तीसरा।"]],
    ["Korean", ["안녕하세요.", "잘 지내세요?", "네!"]],
    ["flags, families and keycaps", ["Family: 👨‍👩‍👧‍👦👨‍👩‍👧‍👦.", "Flag 🏳️‍🌈!", "1️⃣ First.", "2️⃣ Second."]],
    ["Greek and Russian", ["Это дом.", "Где он?", "Καλημέρα."]],
  ])("%s", (_, wanted) => {
    expect(sentences(wanted.join(" "))).toEqual(wanted);
  });

  test("Chinese and Japanese need no space", () => {
    expect(sentences("你好。今天天气很好！「真的吗？」是的。")).toEqual([
      "你好。",
      "今天天气很好！",
      "「真的吗？」",
      "是的。",
    ]);
  });

  test("a list is cut at its items, numbers stay with them", () => {
    expect(sentences("Steps:\n1. First do it.\n2. Then rest\n- Eggs\n- Milk\n\nThat is all")).toEqual([
      "Steps:",
      "1. First do it.",
      "2. Then rest",
      "- Eggs",
      "- Milk",
      "That is all",
    ]);
  });

  test("a line wrapped in the middle of a sentence goes on, a paragraph does not", () => {
    expect(sentences("This is a line\nthat goes on.\n\nthe next paragraph\n\nand one more")).toEqual([
      "This is a line\nthat goes on.",
      "the next paragraph",
      "and one more",
    ]);
  });

  test("a code fence is one chunk, whatever is in it", () => {
    const fence = '```js\nconst a = "x. Y z";\n\n// Done. Next!\n```\n';
    expect(chunks(`Look here:\n${fence}And after. Good.`, EACH)).toEqual([
      "Look here:\n",
      fence,
      "And after. ",
      "Good.",
    ]);
    expect(chunks(`~~~\na. B c. D\n\`\`\`\n~~~\nAfter.`, EACH)).toEqual(["~~~\na. B c. D\n```\n~~~\n", "After."]);
  });

  test("a fence closes with as many marks as it was opened with, whatever ends its lines", () => {
    const nested = "````md\n```js\nfoo. Bar\n```\n````\n";
    expect(chunks(`${nested}After. End.`, EACH)).toEqual([nested, "After. ", "End."]);
    const crlf = "```js\r\na. B\r\n```\r\n";
    expect(chunks(`${crlf}After. End.`, EACH)).toEqual([crlf, "After. ", "End."]);
    const inList = "    ```js\n    a. B\n    ```\n";
    expect(chunks(`1. Do it:\n${inList}2. Done.`, EACH).slice(1)).toEqual([inList, "2. Done."]);
    const say = createSpeakable();
    expect([nested, "After it.\n", crlf, "And more.\n", inList, "The end."].map((chunk) => say(chunk).text)).toEqual([
      "",
      "After it.",
      "",
      "And more.",
      "",
      "The end.",
    ]);
  });

  test("code within a line opens no fence", () => {
    const text = "```x``` is code. So is this.";
    expect(chunks(text, EACH)).toEqual(["```x``` is code. ", "So is this."]);
    expect(createSpeakable()(text).text).toBe("x is code. So is this.");
  });

  test("lists with letters and tables are cut at their lines", () => {
    expect(sentences("a) one thing\nb) another thing\n| A | B |\n|---|---|\n| Dr. Z | e.g. q |\nDone.")).toEqual([
      "a) one thing",
      "b) another thing",
      "| A | B |",
      "|---|---|",
      "| Dr. Z | e.g. q |",
      "Done.",
    ]);
  });

  test("a fence that never closes ends with the text", () => {
    expect(chunks("```\nfoo. Bar", EACH)).toEqual(["```\nfoo. Bar"]);
  });
});

describe("when a chunk comes", () => {
  test("a sentence comes with the first character of the next", () => {
    const chunker = createChunker();
    expect(chunker.push("Hello there.")).toEqual([]);
    expect(chunker.push(" ")).toEqual([]);
    expect(chunker.push("H")).toEqual(["Hello there. "]);
  });

  test("the first comes early, at a clause", () => {
    const [first, second] = chunks("Sure, I can help you with that today, because I have time and nothing else to do.");
    expect(first).toBe("Sure, I can help you with that today, ");
    expect(second).toBe("because I have time and nothing else to do.");
  });

  test("only the first is cut at a clause", () => {
    const later = "And this, as everybody knows by now, is a rather long one, with commas. ";
    expect(chunks(`Good. ${later}The end.`)).toEqual(["Good. ", later, "The end."]);
  });

  test("a long first one without a comma ends before a conjunction", () => {
    const [first, second] = chunks(
      "I would say that you should take the earlier train tomorrow morning because the later one is often full.",
    );
    expect(first).toBe("I would say that you should take the earlier train tomorrow morning ");
    expect(second).toBe("because the later one is often full.");
    expect(
      chunks("Ich würde dir raten den früheren Zug um sieben Uhr morgens zu nehmen weil der spätere oft voll ist.")[1],
    ).toBe("weil der spätere oft voll ist.");
  });

  test("a later sentence that grows long is cut at its next clause", () => {
    const long = `And ${"and on and on it goes ".repeat(8)}as you see, ${"then more and more of it ".repeat(3)}comes.`;
    const out = chunks(`Good. ${long}`);
    expect(out[1]?.endsWith("as you see, ")).toBe(true);
    expect(out.join("")).toBe(`Good. ${long}`);
  });

  test("a separator ends a chunk, however it was cut into tokens, and is not said", () => {
    const text = "Well<|say|>I think so<|say|> and if I < 3 then<|sa no.<|say|>";
    const wanted = ["Well<|say|>", "I think so<|say|>", " and if I < 3 then<|sa no.<|say|>"];
    for (const cuts of [[100], [1], [2], [3], [7]])
      expect(chunks(text, { separator: "<|say|>" }, cuts)).toEqual(wanted);
    const say = createSpeakable({ separator: "<|say|>" });
    expect(wanted.map((chunk) => say(chunk).text)).toEqual(["Well", "I think so", "and if I < 3 then<|sa no."]);
  });

  test("in code a separator is code", () => {
    const text = "Look.\n```\na || b\n```\nDone||Good";
    expect(chunks(text, { separator: "||" }).slice(1)).toEqual(["```\na || b\n```\n", "Done||", "Good"]);
  });

  test("a separator is short and without white space", () => {
    for (const separator of ["", "a b", "\n", "x".repeat(33)])
      expect(() => createChunker({ separator })).toThrow(RangeError);
  });

  test("later short sentences are joined", () => {
    expect(chunks("Here I am. Yes. No. Well, maybe so.")).toEqual(["Here I am. ", "Yes. No. Well, maybe so."]);
  });

  test("a long sentence is cut at a clause, else at a space, else anywhere but inside a character", () => {
    const limits = { firstMinChars: 500, firstMaxChars: 30, minChars: 2, maxChars: 30 };
    expect(chunks("aaaa bbbb cccc dddd, eeee ffff gggg hhhh", limits)[0]).toBe("aaaa bbbb cccc dddd, ");
    expect(chunks("aaaa bbbb cccc dddd eeee ffff gggg hhhh", limits)[0]).toBe("aaaa bbbb cccc dddd eeee ffff ");
    expect(chunks("a".repeat(70), limits).map((chunk) => chunk.length)).toEqual([30, 30, 10]);
    for (const char of ["😀", "e\u0301", "👩‍👩‍👧"]) {
      for (const chunk of chunks(`x${char.repeat(40)}`, limits)) {
        expect(chunk).toMatch(/^(?![\udc00-\udfff]|\p{M})[^]*[^\ud800-\udbff]$/u);
        expect(chunk.startsWith("\u200d")).toBe(false);
      }
    }
  });

  test("a very long fence is cut at a line", () => {
    const fence = `\`\`\`\n${"let x = 1. + 2;\n".repeat(600)}\`\`\`\n`;
    const out = chunks(`${fence}After it.`, EACH);
    expect(out.join("")).toBe(`${fence}After it.`);
    expect(out.every((chunk) => chunk.length <= 4000)).toBe(true);
    expect(out.slice(0, -1).every((chunk) => chunk.endsWith("\n"))).toBe(true);
    expect(out.at(-1)).toBe("After it.");
  });

  test("in a hurry whole clauses are the first chunk, and nothing else is", () => {
    const hurried = (...pieces: readonly string[]): (string | undefined)[] => {
      const chunker = createChunker();
      for (const piece of pieces) chunker.push(piece);
      return [chunker.hurry(), chunker.hurry()];
    };
    expect(hurried("Well, you know, it")).toEqual(["Well, you know, ", undefined]);
    expect(hurried("It costs 3,50 and 1,")).toEqual([undefined, undefined]);
    expect(hurried("- , ")).toEqual([undefined, undefined]);
    expect(hurried("```js\nlet a, b")).toEqual([undefined, undefined]);
    expect(hurried("Hello there. And, then")).toEqual([undefined, undefined]);
    expect(hurried("")).toEqual([undefined, undefined]);
  });

  test("it can be used again after the end", () => {
    const chunker = createChunker();
    expect([...chunker.push("One two three"), ...chunker.end()]).toEqual(["One two three"]);
    expect(chunker.end()).toEqual([]);
    expect([...chunker.push("Four. Five"), ...chunker.end()]).toEqual(["Four. ", "Five"]);
  });

  test("limits are whole numbers of at least one", () => {
    for (const maxChars of [0, -1, 1.5, Number.NaN]) expect(() => createChunker({ maxChars })).toThrow(RangeError);
  });
});

describe("whatever the text and its tokens", () => {
  const piece = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        ". ",
        "! ",
        "? ",
        "... ",
        "… ",
        "。",
        "！",
        ", ",
        ": ",
        "\n",
        "\n\n",
        "\n- ",
        "\n1. ",
        ".\n",
        " ",
        "  ",
      ),
    },
    {
      weight: 4,
      arbitrary: fc.constantFrom(
        "Hello",
        "dr",
        "Dr",
        "e.g",
        "z.B",
        "U.S",
        "3",
        "3.14",
        "am 3",
        "Mai",
        "I",
        "J",
        "no",
        "word",
        "Word",
        "你好",
        "the",
      ),
    },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        "```",
        "~~~",
        "````",
        "\n    ```",
        "```\r\n",
        "؟ ",
        "। ",
        ". . . ",
        "، ",
        "🏳️‍🌈",
        "مرحبا",
        "\u202e",
        "\na) ",
        "\n| x | y |\n",
        "https://a.b/c.d?e=f. ",
        "```js\n",
        "\n```\n",
        "`",
        "**",
        "_",
        '"',
        "”",
        ")",
        "(",
        "」",
        "😀",
        "👩‍👧",
        "e\u0301",
        "\u200d",
        "\ufe0f",
        "\r\n",
        "\t",
        "#",
        ">",
        "|",
        " »",
        "»",
        "“",
        "||",
        "<s>",
        "<s",
        " and ",
      ),
    },
    { weight: 1, arbitrary: fc.string({ maxLength: 8, unit: "binary" }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(" ".repeat(40), ".".repeat(40), ")".repeat(40), "\n".repeat(40), "a".repeat(60)),
    },
  );
  const text = fc.array(piece, { maxLength: 60 }).map((parts) => parts.join(""));
  const tokens = fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 20 });
  const limits = fc.record({
    firstMinChars: fc.integer({ min: 1, max: 40 }),
    firstMaxChars: fc.integer({ min: 1, max: 120 }),
    firstSoftChars: fc.integer({ min: 1, max: 80 }),
    minChars: fc.integer({ min: 1, max: 30 }),
    softChars: fc.integer({ min: 1, max: 120 }),
    maxChars: fc.integer({ min: 1, max: 120 }),
    separator: fc.constantFrom(undefined, undefined, "||", "<s>", "..", "👩", "and"),
  });

  test("the chunks joined are the text, and none is empty", () => {
    fc.assert(
      fc.property(text, tokens, limits, (input, cuts, options) => {
        const out = chunks(input, options, cuts);
        expect(out.join("")).toBe(input);
        expect(out).not.toContain("");
      }),
      { numRuns: 1000 },
    );
  });

  test("hurries lose nothing either", () => {
    fc.assert(
      fc.property(text, tokens, (input, cuts) => {
        const chunker = createChunker();
        const out: string[] = [];
        for (let at = 0, i = 0; at < input.length; i++) {
          const size = cuts[i % cuts.length] ?? 1;
          out.push(...chunker.push(input.slice(at, at + size)));
          const hurried = chunker.hurry();
          if (hurried !== undefined) {
            expect(out.join("").trim()).toBe("");
            out.push(hurried);
          }
          at += size;
        }
        expect([...out, ...chunker.end()].join("")).toBe(input);
      }),
      { numRuns: 500 },
    );
  });

  test("where it is cut does not depend on the tokens", () => {
    fc.assert(
      fc.property(text, tokens, limits, (input, cuts, options) => {
        const whole = chunks(input, options);
        expect(chunks(input, options, cuts)).toEqual(whole);
        expect(chunks(input, options, [1])).toEqual(whole);
      }),
      { numRuns: 2000 },
    );
  });

  test("behind any of its chunks, a new chunker cuts as the first one did", () => {
    const fenced = fc.tuple(text, fc.constantFrom("```", "~~~~", "  ```ts"), text).map(([before, fence, behind]) => {
      return `${before}\n${fence}\n${"let a = 1;\n".repeat(380)}${behind}`;
    });
    fc.assert(
      fc.property(
        fc.oneof({ weight: 9, arbitrary: text }, { weight: 1, arbitrary: fenced }),
        limits,
        (input, options) => {
          const whole = chunks(input, options);
          for (let kept = 0; kept <= whole.length; kept += Math.max(1, Math.floor(whole.length / 8))) {
            const after = whole.slice(0, kept).join("");
            expect(chunks(input.slice(after.length), { ...options, after })).toEqual(whole.slice(kept));
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test("no chunk outside a fence is longer than the limit", () => {
    fc.assert(
      fc.property(text, tokens, limits, (input, cuts, options) => {
        fc.pre(!/```|~~~/u.test(input));
        const longest = Math.max(options.firstMaxChars, options.maxChars) + (options.separator?.length ?? 1);
        expect(chunks(input, options, cuts).every((chunk) => chunk.length <= longest)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
