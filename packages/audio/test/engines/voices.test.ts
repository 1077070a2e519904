import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { chooseVoice, languageSpoken, voiceOfLanguage } from "../../src/engines/index.ts";
import type { Voice } from "../../src/engines/index.ts";

const VOICES: readonly Voice[] = [
  { name: "heart", language: "en-US" },
  { name: "george", language: "en-GB" },
  { name: "uwe", language: "de-DE" },
  { name: "dora", language: "es" },
  { name: "sofia", language: "es-MX" },
  { name: "ana", language: "pt-BR" },
  { name: "mei", language: "zh-Hant" },
  { name: "jun", language: "zh" },
];

describe("a voice by language", () => {
  test.each([
    ["en-GB", "george"],
    ["EN_gb", "george"],
    ["en", "heart"],
    ["en-CA", "heart"],
    ["en-AU", "george"],
    ["en-Latn-NZ", "george"],
    ["de", "uwe"],
    ["de-AT", "uwe"],
    ["es-ES", "dora"],
    ["es-AR", "dora"],
    ["pt-PT", "ana"],
    ["zh-Hant-TW", "mei"],
    ["zh-Hans-CN", "jun"],
    ["en-GB-u-hc-h23", "george"],
    ["en-GB-oxendict", "george"],
  ])("%s is spoken by %s", (language, name) => {
    expect(voiceOfLanguage(VOICES, language)?.name).toBe(name);
  });

  it("takes the near region where the language alone has no voice", () => {
    const voices = VOICES.filter(({ name }) => name !== "dora");
    expect(voiceOfLanguage([{ name: "pia", language: "es-ES" }, ...voices], "es-CO")?.name).toBe("sofia");
  });

  it("may be one that speaks them all, where none speaks only that", () => {
    const voices = [{ name: "alloy", language: "mul" }, ...VOICES];
    expect(voiceOfLanguage(voices, "de")?.name).toBe("uwe");
    expect(voiceOfLanguage(voices, "fr")?.name).toBe("alloy");
    expect(chooseVoice(voices, { voice: "alloy", language: "ja" }).name).toBe("alloy");
    expect(languageSpoken({ name: "alloy", language: "mul" }, { language: "fr" })).toBe("fr");
    expect(languageSpoken({ name: "uwe", language: "de-DE" }, { language: "de" })).toBe("de-DE");
  });

  it("is always one that speaks it, or none", () => {
    const tag = fc.stringMatching(/^[a-z]{2,3}(-[A-Za-z0-9]{1,8}){0,3}$/);
    const voices = fc.array(
      fc.record({ name: fc.string(), language: fc.oneof(tag, fc.constantFrom("en-US", "de", "zh-Hant")) }),
    );
    fc.assert(
      fc.property(voices, fc.oneof(tag, fc.constantFrom("en-GB", "de-AT", "zh")), (there, wanted) => {
        const primary = (language: string): string => (language.split("-")[0] ?? "").toLowerCase();
        const found = voiceOfLanguage(there, wanted);
        const speakers = there.filter(({ language }) => primary(language) === primary(wanted));
        if (speakers.length === 0) expect(found).toBeUndefined();
        else expect(speakers).toContain(found);
      }),
    );
  });
});

describe("a wish for a voice", () => {
  it("is the first when nothing is wished, and the one that is named", () => {
    expect(chooseVoice(VOICES, {}).name).toBe("heart");
    expect(chooseVoice(VOICES, { voice: "uwe" }).name).toBe("uwe");
    expect(chooseVoice(VOICES, { voice: "uwe", language: "de-AT" }).name).toBe("uwe");
  });

  it("is the preferred one as long as that speaks the language", () => {
    expect(chooseVoice(VOICES, { preferred: "george" }).name).toBe("george");
    expect(chooseVoice(VOICES, { preferred: "george", language: "en" }).name).toBe("george");
    expect(chooseVoice(VOICES, { preferred: "george", language: "de" }).name).toBe("uwe");
    expect(chooseVoice(VOICES, { preferred: "nobody", language: "de" }).name).toBe("uwe");
  });

  it("that cannot be fulfilled is refused with what there is", () => {
    const refusal = (wish: object): unknown => {
      try {
        return chooseVoice(VOICES, wish);
      } catch (error) {
        return error;
      }
    };
    expect(refusal({ language: "fr" })).toMatchObject({
      code: "input-refused",
      message: "no voice here speaks fr",
      nextStep: "Ask for one of: de-DE, en-GB, en-US, es, es-MX, pt-BR, zh, zh-Hant. See: parley voices.",
    });
    expect(refusal({ voice: "nobody" })).toMatchObject({
      code: "input-refused",
      message: "there is no voice named nobody",
      nextStep: expect.stringContaining("heart, george, uwe"),
    });
    expect(refusal({ voice: "uwe", language: "en" })).toMatchObject({
      code: "input-refused",
      message: "the voice uwe speaks de-DE, not en",
    });
  });
});
