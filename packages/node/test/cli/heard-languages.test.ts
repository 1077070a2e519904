import { CATALOGUE } from "@parley/audio/models";
import { expect, it } from "vitest";
import { languageWarning, unknownTo } from "../../src/cli/commands/heard-languages.ts";

const english = CATALOGUE.find(({ kind, languages }) => kind === "stt" && languages.join(" ") === "en")?.name ?? "";

it("a recogniser that does not know a language is named, with what it recognises", () => {
  expect(unknownTo(english, "de")).toBe(`warning: ${english} does not know de; it recognises en.`);
  expect(unknownTo(english, "de-AT")).toContain("does not know de-AT");
});

it("nothing is said of a language that it knows in another region, or of a recogniser that nobody knows", () => {
  expect(unknownTo(english, "en-GB")).toBeUndefined();
  expect(unknownTo(english, "EN")).toBeUndefined();
  expect(unknownTo("remote:whisper-1", "de")).toBeUndefined();
  expect(unknownTo(undefined, "de")).toBeUndefined();
});

it("asks the peer who recognises", async () => {
  const { signal } = new AbortController();
  const status = (stt: object) => ({ status: () => Promise.resolve({ services: { stt } }) });
  expect(await languageWarning(status({ state: "ready", model: english }), "de", signal)).toContain(english);
  expect(await languageWarning(status({ state: "failed" }), "de", signal)).toBeUndefined();
});
