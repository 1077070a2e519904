import { readFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { format } from "prettier";
import { SECTIONS, SETTINGS, flagName, renderReference, renderTemplate } from "../../src/config/index.ts";
import type { Setting } from "../../src/config/index.ts";
import { valueOf } from "../../src/cli/config-command.ts";
import { load, loadText } from "./sample.ts";

const root = path.resolve(import.meta.dirname, "../../../..");

describe("the schema", () => {
  it("gives each setting a meaning, what is allowed, and names that no other setting has", () => {
    const complete = (one: Setting) => one.meaning.endsWith(".") && one.allowed !== "" && one.accepts(one.example);
    expect(SETTINGS.filter((setting) => !complete(setting)).map((setting) => setting.key)).toEqual([]);
    expect(SECTIONS.filter((section) => !section.meaning.endsWith("."))).toEqual([]);
    for (const names of [
      SETTINGS.map((s) => s.key),
      SETTINGS.map((s) => s.env),
      SETTINGS.map(flagName).filter(Boolean),
    ]) {
      expect(new Set(names).size).toBe(names.length);
    }
  });

  it("says of a number's range what it checks", () => {
    const numbers = SETTINGS.filter((setting) => setting.kind === "number");
    const atBounds = numbers.map((setting) => {
      const [min = Number.NaN, max = Number.NaN] = [...setting.allowed.matchAll(/-?\d+(\.\d+)?/g)].map((match) =>
        Number(match[0]),
      );
      return [setting.key, ...[min - 1, min, max, max + 1].map((value) => setting.accepts(value))];
    });
    expect(atBounds).toEqual(numbers.map((setting) => [setting.key, false, true, true, false]));
  });
});

describe("config/parley.toml", () => {
  it("is what the schema says (vitest -u rewrites it)", async () => {
    await expect(renderTemplate()).toMatchFileSnapshot(path.join(root, "config/parley.toml"));
  });

  it("loads clean and changes nothing as it stands", () => {
    const result = loadText(renderTemplate());
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(result.config).toEqual(load({}).ok && result.config);
    expect(Object.values(result.origins).every((origin) => origin.source === "default")).toBe(true);
  });

  it("loads clean with every setting switched on, and sets each to its example", () => {
    const result = loadText(renderTemplate().replaceAll(/^#(?=\w)/gm, ""));
    if (!result.ok) throw new Error(JSON.stringify(result.problems));
    expect(Object.values(result.origins).filter((origin) => origin.source !== "file")).toEqual([]);
    const plain = SETTINGS.filter((setting) => !setting.isPath);
    expect(plain.map((setting) => valueOf(result.config, setting))).toEqual(plain.map((setting) => setting.example));
  });
});

describe("the profiles beside it", () => {
  it.each([
    ["alone", { cluster: { enabled: false } }],
    ["patient", { cluster: { enabled: true, timing: "patient" } }],
  ])("%s loads clean and says what it is named for", async (name, said) => {
    const file = path.join(root, "config/profiles", `${name}.toml`);
    expect(load({ file: { path: file, text: await readFile(file, "utf8") } })).toMatchObject({
      ok: true,
      config: said,
    });
  });
});

describe("docs/CONFIGURATION.md", () => {
  it("is what the schema says (vitest -u rewrites it)", async () => {
    const text = await format(renderReference(), { parser: "markdown", printWidth: 120 });
    await expect(text).toMatchFileSnapshot(path.join(root, "docs/CONFIGURATION.md"));
    for (const setting of SETTINGS) expect(text).toContain(setting.env);
  });
});
