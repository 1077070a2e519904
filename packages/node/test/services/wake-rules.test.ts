import { CATALOGUE } from "@parley/audio/models";
import { describe, expect, test } from "vitest";
import { wakeRulesOf } from "../../src/services/wake-source.ts";
import { load } from "../config/sample.ts";

function rulesOf(flags: Readonly<Record<string, string>>) {
  const loaded = load({ flags });
  if (!loaded.ok) throw new Error("the settings were refused");
  return wakeRulesOf(loaded.config, "ears").words;
}

const measured = Object.fromEntries(
  CATALOGUE.flatMap(({ words = [] }) => words).map(({ word, rule }) => [word, rule] as const),
);

describe("when a wake word counts as heard", () => {
  test("is as it was measured with the head that knows it, where nobody sets anything", () => {
    const words = Object.keys(measured);
    expect(words).toContain("alexa");
    expect(rulesOf({ "wake.words": words.join(", ") })).toEqual(measured);
  });

  test("is at the threshold that is set for all, and at that of a word alone before it, as often in a row as was measured", () => {
    const { "hey jarvis": jarvis, alexa } = measured;
    expect(rulesOf({ "wake.words": "hey jarvis, alexa threshold=0.9", "wake.threshold": "0.3" })).toEqual({
      "hey jarvis": { ...jarvis, threshold: 0.3 },
      alexa: { ...alexa, threshold: 0.9 },
    });
  });

  test("is left to the watch for a word that no model of the catalogue knows", () => {
    expect(rulesOf({ "wake.words": "beep" })).toEqual({ beep: {} });
  });
});
