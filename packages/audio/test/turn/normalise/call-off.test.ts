import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { callsOff } from "../../../src/turn/normalise/call-off.ts";

describe("what is said behind a question", () => {
  it.each([
    ["What is the capital of Peru? Stop.", "What is the capital of Peru?", "en"],
    ["what is the capital of peru never mind", "what is the capital of peru", "en-GB"],
    ["Tell me a joke. That’s enough!", "Tell me a joke.", "en"],
    ["Wie wird das Wetter? Stopp!", "Wie wird das Wetter?", "de"],
    ["Wie wird das Wetter hör auf", "Wie wird das Wetter", "de-AT"],
  ])("%s: calls it off", (text, before, language) => {
    expect(callsOff(text, before, language)).toBe(true);
  });

  it.each([
    ["What is the capital of Peru? And of Chile?", "What is the capital of Peru?", "en"],
    ["How do I make it stop", "How do I make it stop", "en"],
    ["Stop the music.", "", "en"],
    ["Where is the bus stop near the station", "Where is the", "en"],
    ["Quelle heure est-il ? Stop.", "Quelle heure est-il ?", "fr"],
    ["", "", "en"],
  ])("%s: does not", (text, before, language) => {
    expect(callsOff(text, before, language)).toBe(false);
  });

  it("may be any text", () => {
    fc.assert(fc.property(fc.string({ unit: "binary" }), fc.string(), (text, before) => !callsOff(text, before, "xx")));
  });
});
