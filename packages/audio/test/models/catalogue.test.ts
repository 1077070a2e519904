import { describe, expect, test } from "vitest";
import { isInsidePath } from "../../src/models/fetch/file-errors.ts";
import type { ModelEntry, NpmSource } from "../../src/models/index.ts";
import { CATALOGUE, createModelStore } from "../../src/models/index.ts";
import { APPEND } from "../../src/models/prepare/by-name.ts";

const SHA256 = /^[0-9a-f]{64}$/;
const byName = new Map(CATALOGUE.map((entry) => [entry.name, entry]));
const total = (parts: readonly { readonly bytes: number }[]): number =>
  parts.reduce((sum, { bytes }) => sum + bytes, 0);
const npmSources = CATALOGUE.flatMap((entry) =>
  entry.sources
    .filter((source): source is NpmSource => source.type === "npm")
    .map((source) => [`${entry.name} from ${source.label}`, entry, source] as const),
);

describe("the catalogue", () => {
  test("names every model once", () => {
    expect(byName.size).toBe(CATALOGUE.length);
  });

  test.each(CATALOGUE.map((entry) => [entry.name, entry] as const))(
    "%s is complete and stays in its folder",
    (_, entry) => {
      expect(entry.files.length).toBeGreaterThan(0);
      expect(new Set(entry.files.map(({ path }) => path)).size).toBe(entry.files.length);
      for (const file of entry.files) {
        expect(file.sha256).toMatch(SHA256);
        expect(file.bytes).toBeGreaterThan(0);
        expect(isInsidePath(file.path)).toBe(true);
      }
      expect(URL.canParse(entry.licence.url)).toBe(true);
    },
  );

  test("needs only what it has, and nothing needs itself", () => {
    const closure = (entry: ModelEntry, above: readonly string[]): void => {
      expect(above).not.toContain(entry.name);
      for (const name of entry.needs.flat()) {
        const need = byName.get(name);
        expect(need, name).toBeDefined();
        if (need) closure(need, [...above, entry.name]);
      }
    };
    for (const entry of CATALOGUE) closure(entry, []);
  });

  test.each(npmSources)("%s makes every file from declared members", (_, entry, source) => {
    const packages = new Set(source.packages.map(({ name }) => name));
    for (const pkg of source.packages) {
      expect(pkg.sha256).toMatch(SHA256);
      expect(pkg.version).toMatch(/^\d+\.\d+\.\d+$/);
    }
    for (const step of source.recipe) {
      const members = step.step === "join" ? step.parts : step.from;
      for (const member of members) expect(packages).toContain(member.package);
      if (step.step === "prepare") continue;
      const appended = step.append === undefined ? 0 : APPEND[step.append]().length;
      expect(total(step.parts) + appended).toBe(entry.files.find(({ path }) => path === step.to)?.bytes);
    }
  });

  test("has a URL for each file of an https source, pinned to a version", () => {
    for (const entry of CATALOGUE) {
      for (const source of entry.sources) {
        if (source.type !== "https") continue;
        expect(source.files.map(({ path }) => path).sort()).toEqual(entry.files.map(({ path }) => path).sort());
        for (const { url } of source.files) {
          expect(url).toMatch(/^https:\/\//);
          expect(url).not.toMatch(/\/(main|master|latest)\//);
        }
      }
    }
  });

  const models = process.env["PARLEY_MODELS"];
  if (models === undefined) console.log("hashing of ready models skipped: PARLEY_MODELS is not set");
  test.skipIf(models === undefined)("has the hashes of the models in PARLEY_MODELS", async () => {
    const store = createModelStore({ cacheFolder: "unused", folders: [models ?? ""], download: false });
    const standing = (await store.list()).filter(({ installed }) => installed !== undefined);
    expect(standing.length).toBeGreaterThan(0);
    for (const { entry } of standing) expect(await store.verify(entry.name)).toMatchObject({ ok: true, problems: [] });
  });
});
