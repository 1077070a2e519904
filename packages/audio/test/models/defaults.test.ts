import { mkdir, writeFile, truncate } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import type { DefaultKind, ModelStore } from "../../src/models/index.ts";
import { CATALOGUE, chooseModel, findNeeds, isFetchedByDefault, PREFERENCES } from "../../src/models/index.ts";
import { storeOf, temporaryFolder } from "./support/models.ts";

/** A store over the real catalogue with files of the right sizes, and nothing in them, for some models. */
async function storeWith(...names: readonly string[]): Promise<ModelStore> {
  const folder = await temporaryFolder();
  for (const { name, files } of CATALOGUE) {
    if (!names.includes(name)) continue;
    for (const { path, bytes } of files) {
      const file = join(folder, name, path);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, "");
      await truncate(file, bytes);
    }
  }
  return storeOf(CATALOGUE, { folders: [folder] });
}

const chosen = async (store: ModelStore, kind: DefaultKind, mayFetch = true): Promise<string | undefined> =>
  (await chooseModel(store, kind, { mayFetch }))?.entry.name;

describe("the default model", () => {
  test("of each kind can be fetched on a fresh machine, and how much that is is known", async () => {
    const store = await storeWith();
    for (const kind of ["vad", "stt", "tts", "llm"] as const) {
      const choice = await chooseModel(store, kind, { mayFetch: true });
      expect(choice?.installed).toBeUndefined();
      expect(choice?.downloadBytes).toBeGreaterThan(1_000_000);
    }
    expect(await chosen(store, "tts")).toBe("kokoro-82m-fp32");
    expect(await chosen(store, "llm")).toBe("tinyllama-1.1b-chat-iq2");
  });

  test("is none when nothing is here and nothing may be fetched", async () => {
    const store = await storeWith();
    expect(await chosen(store, "stt", false)).toBeUndefined();
  });

  test("is the one that stands, with what it needs, without a download", async () => {
    const store = await storeWith("kokoro-82m-w8", "espeak-ng-data-en");
    const choice = await chooseModel(store, "tts", { mayFetch: true });
    expect(choice).toMatchObject({ entry: { name: "kokoro-82m-w8" }, downloadBytes: 0 });
  });

  test("is the one that stands even if its data has to be fetched, when that is allowed", async () => {
    const store = await storeWith("kokoro-82m-w8");
    const data = CATALOGUE.find(({ name }) => name === "espeak-ng-data");
    const choice = await chooseModel(store, "tts", { mayFetch: true });
    // The voice comes only in a folder, but stands in one.
    expect(choice?.entry.name).toBe("kokoro-82m-w8");
    expect(choice?.downloadBytes).toBe(data?.sources.flatMap((s) => (s.type === "npm" ? s.packages : []))[0]?.bytes);
    expect(await chosen(store, "tts", false)).toBeUndefined();
  });

  test("is a model of stories only where no chat model may be fetched", async () => {
    const store = await storeWith("stories15m");
    expect(await chosen(store, "llm")).toBe("tinyllama-1.1b-chat-iq2");
    expect(await chosen(store, "llm", false)).toBe("stories15m");
  });
});

describe("the licence rule", () => {
  test("never fetches by default what is not for commercial use", () => {
    const names = CATALOGUE.filter((entry) => isFetchedByDefault(entry, CATALOGUE)).map(({ name }) => name);
    expect(names).toContain("espeak-ng-data");
    expect(names).not.toContain("openwakeword-heads");
    for (const name of names) {
      expect(CATALOGUE.find((entry) => entry.name === name)?.licence.use).not.toBe("non-commercial");
    }
    for (const name of Object.values(PREFERENCES).flat()) {
      expect(CATALOGUE.some((entry) => entry.name === name)).toBe(true);
    }
  });

  test("looks at what a model needs as well", () => {
    const voice = { ...CATALOGUE[0], name: "voice", needs: [["heads"]] };
    const heads = CATALOGUE.find(({ name }) => name === "openwakeword-heads");
    if (!CATALOGUE[0] || !heads) throw new Error("the catalogue has lost an entry");
    const needing = { ...CATALOGUE[0], ...voice };
    expect(isFetchedByDefault(needing, [needing, { ...heads, name: "heads" }])).toBe(false);
    const freed = { ...heads, name: "heads", needs: [], licence: CATALOGUE[0].licence };
    expect(isFetchedByDefault(needing, [needing, freed])).toBe(true);
  });
});

describe("what a model needs", () => {
  test("is found as either alternative, the preferred first", async () => {
    const kokoro = CATALOGUE.find(({ name }) => name === "kokoro-82m-fp32");
    if (!kokoro) throw new Error("the catalogue has lost Kokoro");
    expect(await findNeeds(await storeWith(), kokoro)).toBeUndefined();
    expect(await findNeeds(await storeWith("espeak-ng-data"), kokoro)).toMatchObject([
      { entry: { name: "espeak-ng-data" } },
    ]);
    const both = await storeWith("espeak-ng-data", "espeak-ng-data-en");
    expect(await findNeeds(both, kokoro)).toMatchObject([{ entry: { name: "espeak-ng-data-en" } }]);
  });
});
