import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toneOf } from "../../../src/turn/index.ts";
import type { Tone } from "../../../src/turn/index.ts";

describe("the tone of a reply", () => {
  test.each<[Tone, string]>([
    ["Happy", "Congratulations on your new job!"],
    ["Happy", "That's great, I'm glad it worked!"],
    ["Happy", "Happy birthday, Anna."],
    ["Happy", "Alles Gute zum Geburtstag!"],
    ["Happy", "Das freut mich, sehr gerne!"],
    ["Happy", "Done 🎉"],
    ["Thinking", "Hmm, let me think about that for a moment."],
    ["Thinking", "It depends on how much time you have."],
    ["Thinking", "Perhaps it is the battery, or it seems to be the cable."],
    ["Thinking", "Gute Frage. Das kommt darauf an."],
    ["Concerned", "I'm so sorry to hear that."],
    ["Concerned", "Unfortunately, the shop is closed today."],
    ["Concerned", "Please call 112 at once."],
    ["Concerned", "Leider habe ich dazu nichts gefunden."],
    ["Concerned", "The download failed because of an error, and I could not repeat it."],
    ["Neutral", "The meeting starts at noon."],
    ["Neutral", "Paris is the capital of France."],
    ["Neutral", "Der Zug fährt um acht Uhr ab."],
    ["Neutral", "I am not sorry for asking."],
    ["Neutral", "No problem."],
    ["Neutral", "The timer is set!"],
    ["Neutral", ""],
  ])("%s: %s", (tone, reply) => {
    expect(toneOf(reply)).toBe(tone);
  });

  test("to sorrow, one does not smile", () => {
    expect(toneOf("It's great that you tell me!", "My dog died yesterday.")).toBe("Concerned");
    expect(toneOf("The weather is fine.", "I'm so lonely")).toBe("Concerned");
    expect(toneOf("The weather is fine.", "How is the weather?")).toBe("Neutral");
  });

  test("comes for any text, however long", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (reply, said) => {
        expect(["Happy", "Thinking", "Neutral", "Concerned"]).toContain(toneOf(reply, said));
      }),
    );
    for (const text of ["not ", "i am so ", "hmmm", "sorry ", "'m"])
      expect(typeof toneOf(text.repeat(50_000))).toBe("string");
  });
});
