import { describe, expect, it } from "vitest";
import { BuildError, packagesToBuild } from "../../tools/build/packages.ts";
import { pointAtBuilt } from "../../tools/build/rewrite.ts";
import { ROOT } from "./mini-house.ts";

describe("pointAtBuilt", () => {
  it.for([
    [`export * from "./a.ts";`, `export * from "./a.js";`],
    [`import type { A, B } from "../a.ts";`, `import type { A, B } from "../a.js";`],
    [`export { a, b } from "./a.ts";`, `export { a, b } from "./a.js";`],
    [`type A = import("./a.ts").A;`, `type A = import("./a.js").A;`],
  ] as const)("turns %s in a declaration into %s", ([before, after]) => {
    expect(pointAtBuilt("x.d.ts", before).text).toBe(after);
  });

  it("turns the names of modules that code starts by URL", () => {
    const { text, names } = pointAtBuilt(
      "x.js",
      `new URL("./child.ts", import.meta.url); import.meta.resolve("./other.ts");`,
    );
    expect(text).toBe(`new URL("./child.js", import.meta.url); import.meta.resolve("./other.js");`);
    expect(names).toEqual(["./child.js", "./other.js"]);
  });

  it("leaves other packages and mere words alone", () => {
    const text = `import "pkg/a.ts"; const name = "./a.ts"; new URL("./a.ts", "https://example.org");`;
    expect(pointAtBuilt("x.js", text)).toEqual({ text, names: [] });
  });
});

describe("packagesToBuild", () => {
  const names = (...wanted: readonly string[]): readonly string[] =>
    packagesToBuild(ROOT, wanted).map(({ name }) => name);

  it("puts first what the others are built on", () => {
    expect(names("node")).toEqual(["@parley/actors", "@parley/audio", "@parley/raft", "@parley/sdk", "@parley/node"]);
    expect(names("@parley/audio")).toEqual(["@parley/audio"]);
  });

  it("refuses a package that it does not know, and says which there are", () => {
    expect(() => names("nope")).toThrow(BuildError);
    expect(() => names("nope")).toThrow(/@parley\/nope is not a package with sources; there are: .*@parley\/audio/);
  });
});
