import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createChunker, createSpeakable, speakable } from "../../../src/turn/index.ts";

describe("what is said", () => {
  test.each([
    ["Plain text stays as it is, at 5.30 for $3.", "Plain text stays as it is, at 5.30 for $3."],
    ["**Bold**, *italic*, __strong__, _soft_, ~~gone~~ and `code`.", "Bold, italic, strong, soft, gone and code."],
    ["snake_case and 2 * 3 * 4 stay", "snake_case and 2 * 3 * 4 stay"],
    ["# A heading", "A heading."],
    ["- Eggs\n- Milk!\n* Bread", "Eggs. Milk! Bread."],
    ["1. First\n2. Second", "1. First. 2. Second."],
    ["- [x] done", "done."],
    ["> quoted words", "quoted words"],
    ["See [the manual](https://a.example/b?c=d) now.", "See the manual now."],
    ["![a cat](cat.png)", "a cat"],
    ["Go to https://www.example.com/a/b?c=d#e.", "Go to example.com."],
    ["Go to www.example.com, now", "Go to example.com, now"],
    ["<https://example.org/x>", "example.org"],
    ["Mail a.b@example.com today", "Mail a.b@example.com today"],
    ["| Name | Age |\n|------|----:|\n| Ann | 7 |", "Name, Age. Ann, 7."],
    ["before\n---\nafter", "before after"],
    ["Great! 🎉👩‍👩‍👧 Let's go 🇩🇪 1️⃣ ❤️ 👍🏽.", "Great! Let's go."],
    ["© 2024 costs 5 € → fine", "© 2024 costs 5 € → fine"],
    ["a <b>bold</b> word<br/>and 3 < 4", "a bold word and 3 < 4"],
    ["a \\*star\\* of 2\\.5", "a star of 2.5"],
    ["  spaces \n\t everywhere  ", "spaces everywhere"],
  ])("%j is said as %j", (written, said) => {
    expect(speakable(written)).toBe(said);
  });

  test.each(["", "   \n", "🎉", "---", "```\ncode\n```", "**", "...", "👍🏽 ❤️"])("%j is silence", (written) => {
    expect(speakable(written)).toBe("");
  });

  test("code is left out, or announced once", () => {
    const written = 'Look:\n```js\nconst a = "x";\n```\nDone.';
    expect(speakable(written)).toBe("Look: Done.");
    expect(speakable(written, { codePhrase: "The code is on your screen." })).toBe(
      "Look: The code is on your screen. Done.",
    );
  });

  test("a long block of code stays silent over many chunks", () => {
    const written = `Look:\n\`\`\`\n${"let words = 1;\n".repeat(1000)}\`\`\`\nDone with it.`;
    const chunker = createChunker();
    const say = createSpeakable();
    const said = [...chunker.push(written), ...chunker.end()]
      .map((chunk) => say(chunk).text)
      .filter((text) => text !== "");
    expect(said).toEqual(["Look:", "Done with it."]);
  });
});

describe("whatever is written", () => {
  const piece = fc.constantFrom(
    "**",
    "*",
    "_",
    "`",
    "```",
    "\n",
    "# ",
    "- ",
    "> ",
    "|",
    "[a](b)",
    "http://x.y/z",
    "<b>",
    "🎉",
    "❤️",
    "1️⃣",
    "word",
    "Ünï",
    "你好",
    ". ",
    " ",
    "3",
    "\\",
    "(",
    ")",
    "!",
  );
  const text = fc.oneof(
    fc.array(piece, { maxLength: 40 }).map((parts) => parts.join("")),
    fc.string({ unit: "binary" }),
  );

  test("one trimmed line comes out, without marks, links or pictures", () => {
    fc.assert(
      fc.property(text, (written) => {
        const said = speakable(written);
        expect(said).toBe(said.trim());
        expect(said).not.toMatch(/[\n\r\t`]|\s\s|\p{Emoji_Presentation}|https?:\/\/|\*\*/u);
        expect(said === "" || /[\p{L}\p{N}]/u.test(said)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test("marks repeated without end do not stall it", () => {
    for (const mark of ["*", "_", "[", "<a", "`", "![", "|", "http://", "- ", "\\", " ", "> ", "-", "(("]) {
      expect(speakable(mark.repeat(20_000)).length).toBeLessThan(200_000);
    }
  });
});
