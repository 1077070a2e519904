/** `docs/ACTORS.md` shows what runs, and names what is there. */
import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../../..", import.meta.url));
const EXAMPLES = join(ROOT, "packages/actors/examples");
const INVARIANTS = join(ROOT, "simulations/actors/invariants");
const page = readFileSync(join(ROOT, "docs/ACTORS.md"), "utf8");

/** Contents of the fenced blocks in `language`. */
function blocks(language: string): readonly string[] {
  return [...page.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gs"))].map(([, text = ""]) => text);
}

/** Code without what a formatter may change when it stands elsewhere. */
function essence(code: string): string {
  return code.replaceAll(/\s+/g, "").replaceAll(/,(?=[)\]}])|[,;]$/g, "");
}

const named = (pattern: RegExp): readonly string[] => [...page.matchAll(pattern)].map(([, name = ""]) => name);

test("the command on the page prints what the page says", async () => {
  const [command = ""] = named(/^ {4}npx node (.*)$/gm);
  const { stdout } = await promisify(execFile)(process.execPath, command.split(" "), { cwd: ROOT });
  expect(stdout).toBe(blocks("text").join(""));
});

test("the code on the page is the code that runs", () => {
  const sources = readdirSync(EXAMPLES).map((name) => essence(readFileSync(join(EXAMPLES, name), "utf8")));
  const shown = blocks("ts");
  expect(shown.length).toBeGreaterThan(10);
  for (const block of shown) {
    const isThere = sources.some((source) => source.includes(essence(block)));
    expect(isThere, `this is in none of the examples:\n${block}`).toBe(true);
  }
});

test("tests, invariants and error codes on the page exist", () => {
  const tests = named(/`([\w/-]+\.test\.ts)`/g);
  expect(tests.length).toBeGreaterThan(20);
  const isThere = (path: string): boolean =>
    [ROOT, join(ROOT, "packages/actors/test")].some((at) => existsSync(join(at, path)));
  expect(tests.filter((path) => !isThere(path))).toEqual([]);

  const invariants = readdirSync(INVARIANTS).map((name) => basename(name, ".ts"));
  const codes = readFileSync(join(ROOT, "packages/actors/src/errors.ts"), "utf8").matchAll(/\| "([a-z-]+)"/g);
  const known = new Set([...invariants, ...[...codes].map(([, code]) => code), "back-pressure"]);
  const words = named(/`([a-z]+(?:-[a-z]+)+)`/g);
  expect(words.length).toBeGreaterThan(20);
  expect(words.filter((word) => !known.has(word))).toEqual([]);
});
