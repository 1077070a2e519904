import { describe, expect, test } from "vitest";
import { CATALOGUE, DEFAULT_LIMITS } from "../../src/models/index.ts";
import { storeOf } from "./support/models.ts";

const wanted = process.env["PARLEY_TEST_REGISTRY"] === "1";
if (!wanted) console.log("real downloads skipped: set PARLEY_TEST_REGISTRY=1 to fetch the smaller models for real");

const names = ["silero-v5", "moonshine-tiny-en-q8", "espeak-ng-data", "openwakeword"];

describe.skipIf(!wanted)("from the registry this machine uses", () => {
  test.each(names)(
    "%s arrives and is the catalogue's",
    async (name) => {
      const store = await storeOf(CATALOGUE, { limits: DEFAULT_LIMITS });
      await store.ensure(name);
      expect(await store.verify(name)).toMatchObject({ ok: true, problems: [] });
    },
    600_000,
  );

  test.each(names)(
    "%s arrives from each of its sources alone",
    async (name) => {
      for (const entry of CATALOGUE.filter((candidate) => candidate.name === name)) {
        for (const source of entry.sources.filter(({ type }) => type === "npm")) {
          const store = await storeOf([{ ...entry, sources: [source] }], { limits: DEFAULT_LIMITS });
          await store.ensure(name);
          expect((await store.verify(name)).ok).toBe(true);
        }
      }
    },
    600_000,
  );
});
