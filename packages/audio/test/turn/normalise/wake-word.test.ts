import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withoutWakeWord } from "../../../src/turn/index.ts";

describe("a wake word said in one breath with what is asked", () => {
  it.each([
    ["Hey Jarvis, what time is it?", "hey jarvis", "What time is it?"],
    ["Hey, Travis. What time is it?", "hey jarvis", "What time is it?"],
    ["Hey, Jervis what time is it?", "hey jarvis", "What time is it?"],
    ["Jarvis, stop.", "hey jarvis", "Stop."],
    ["What time is it?", "hey jarvis", "What time is it?"],
    ["Alexa tell me a story.", "alexa", "Tell me a story."],
    ["Hey Nova", "hey nova", ""],
    ["Hey there", "hey nova", "Hey there"],
  ])("%s, after %s, asks %s", (text, word, asked) => {
    expect(withoutWakeWord(text, word)).toBe(asked);
  });

  it("is all that is left out, and nothing of what does not begin with it", () => {
    const words = fc.array(fc.constantFrom("what", "is", "the", "weather", "tomorrow", "über"), { maxLength: 8 });
    fc.assert(
      fc.property(words, (all) => {
        const text = all.join(" ");
        expect(withoutWakeWord(text, "hey nova")).toBe(text);
        expect(withoutWakeWord(`Hey Nova, ${text}`, "hey nova").toLowerCase()).toBe(text);
      }),
    );
  });
});
