import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { tidyFindings } from "../../tools/tidy/rules.ts";
import { ROOT } from "./mini-house.ts";

const lines = (path: string, text: string): readonly number[] => tidyFindings(path, text).map(({ line }) => line);

describe("tidiness", () => {
  it("finds promises to do it later, in any file, but not words that contain them", () => {
    for (const word of ["todo", "fixme", "xxx"].map((each) => each.toUpperCase())) {
      expect(lines("docs/a.md", `fine\n<!-- ${word}: later -->`)).toEqual([2]);
    }
    expect(lines("packages/a/src/a.ts", "const METHODOLOGY = 1; // todos")).toEqual([]);
  });

  it("finds paths of one machine in what is shipped; tests may have examples", () => {
    const text = `const a = "/home/ada/x";\nconst b = "C:\\Users\\ada";\nconst c = "/Users/ada/x";`;
    expect(lines("packages/a/src/a.ts", text)).toEqual([1, 2, 3]);
    expect(lines("packages/a/test/a.test.ts", text)).toEqual([]);
  });

  it("takes web addresses and parts of paths for what they are", () => {
    expect(lines("docs/a.md", "https://example.org/home/ada and src/home/a.ts and /api/users/7")).toEqual([]);
  });

  it("finds an error that .catch swallows, unless a comment says why", () => {
    expect(lines("a.ts", "void work().catch(() => {});")).toEqual([1]);
    expect(lines("a.ts", "void work()\n  .catch(function () {});")).toEqual([2]);
    expect(lines("a.ts", "void work().catch(() => {\n  // told by the other path\n});")).toEqual([]);
    expect(lines("a.ts", "void work().catch((error) => report(error));")).toEqual([]);
  });
});

describe("every package", () => {
  const packages = readdirSync(join(ROOT, "packages"));

  it.for(packages)("%s carries the house's licence and a README", (name) => {
    const read = (path: string): string => readFileSync(join(ROOT, path), "utf8");
    expect(read(`packages/${name}/LICENSE`)).toBe(read("LICENSE"));
    expect(read(`packages/${name}/README.md`)).toContain(`# @parley/${name}`);
  });
});
