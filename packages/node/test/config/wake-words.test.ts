import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { wakeWordsOf, type Config } from "../../src/config/index.ts";
import { load } from "./sample.ts";

function configWith(words: string): Config | undefined {
  const loaded = load({ flags: { "wake.words": words } });
  return loaded.ok ? loaded.config : undefined;
}

const own = { threshold: undefined, model: undefined, inputs: undefined };

describe("wake.words", () => {
  it("is a list, each word in lower case and with single blanks, with what holds for it alone", () => {
    const config = configWith(
      " Hey_Nova,, hey   JARVIS threshold=0.45 inputs=ears , alexa model=openwakeword-heads inputs=ears+clients",
    );
    expect(config && wakeWordsOf(config)).toEqual([
      { ...own, word: "hey nova" },
      { ...own, word: "hey jarvis", threshold: 0.45, inputs: ["ears"] },
      { ...own, word: "alexa", model: "openwakeword-heads", inputs: ["ears", "clients"] },
    ]);
    expect(config && wakeWordsOf(config, "clients").map(({ word }) => word)).toEqual(["hey nova", "alexa"]);
  });

  it("listens for a word that is named twice as the last says", () => {
    const config = configWith("beep threshold=0.5, beep threshold=0.7");
    expect(config && wakeWordsOf(config)).toEqual([{ ...own, word: "beep", threshold: 0.7 }]);
  });

  it.each([
    "beep threshold=2",
    "beep threshold=0.01",
    "beep threshold=",
    "beep threshold=high",
    "beep inputs=kitchen",
    "beep inputs=ears+",
    "beep volume=3",
    "threshold=0.5",
    "beep, inputs=ears",
  ])("refuses %s", (words) => {
    expect(configWith(words)).toBeUndefined();
  });

  it("is taken or refused, whatever it is, and no word of it is empty", () => {
    const near = fc.array(
      fc.constantFrom("beep", " ", ",", "_", "=", "threshold=", "0.5", "inputs=", "ears", "+", "model="),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          near.map((parts) => parts.join("")),
        ),
        (words) => {
          const config = configWith(words.replaceAll("\u0000", ""));
          for (const { word, threshold = 1 } of config === undefined ? [] : wakeWordsOf(config)) {
            expect(word).toMatch(/\S/);
            expect(threshold).toBeGreaterThan(0);
          }
        },
      ),
    );
  });
});
