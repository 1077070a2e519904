import { describe, expect, it } from "vitest";
import fc from "fast-check";
import { findCycles, type Edge } from "../../tools/imports/cycles.ts";
import { PACKAGES } from "../../tools/imports/house.ts";
import { parseManifest } from "../../tools/imports/manifests.ts";
import { checkHouse } from "../../tools/imports/rules.ts";
import { scanImports } from "../../tools/imports/scan.ts";

const exported = (file: string): object => ({ "parley-source": `./src/${file}`, default: `./dist/${file}` });

const MANIFESTS = new Map(
  Object.entries({
    "": { name: "house", devDependencies: { vitest: "1" } },
    test: { name: "@parley/test" },
    "packages/audio": {
      name: "@parley/audio",
      exports: { ".": exported("index.ts"), "./turn": exported("turn/index.ts"), "./package.json": "./package.json" },
      dependencies: { zod: "1" },
    },
    "packages/raft": { name: "@parley/raft", exports: {} },
    "packages/node": {
      name: "@parley/node",
      exports: { ".": exported("index.ts") },
      dependencies: { "@parley/audio": "0", ws: "1" },
      devDependencies: { "@types/ws": "1" },
    },
  }).map(([folder, manifest]) => [folder, parseManifest(folder, JSON.stringify(manifest, null, 1))]),
);

/** The violations of these files alone, as `path:line rule`; `unused-dependency` only when asked for. */
function broken(files: Readonly<Record<string, string>>, unused = false): readonly string[] {
  const list = Object.entries(files).map(([path, text]) => ({ path, text }));
  return checkHouse({ files: list, manifests: MANIFESTS })
    .filter(({ rule }) => unused || rule !== "unused-dependency")
    .map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}

describe("scanImports", () => {
  const specifiers = (text: string): readonly string[] =>
    scanImports("x.ts", text).imports.map((each) => each.specifier);

  it.for([
    [`import a from "m";`, false],
    [`import "m";`, false],
    [`import { a, type b } from "m";`, false],
    [`import type { a } from "m";`, true],
    [`import { type a } from "m";`, true],
    [`export * from "m";`, false],
    [`export { a } from "m";`, false],
    [`export type { a } from "m";`, true],
    [`type A = import("m").A;`, true],
    [`const a = await import("m");`, false],
    [`import { createRequire } from "node:module"; const a = createRequire(import.meta.url)("m");`, false],
    [`const a = require.resolve("m");`, false],
    [`const a = import.meta.resolve("m");`, false],
    [`vi.mock("m");`, false],
  ] as const)("finds the module in %s", ([text, typeOnly]) => {
    expect(scanImports("x.ts", text).imports).toContainEqual({ specifier: "m", line: 1, typeOnly });
  });

  it("does not take comments, strings or computed names for imports", () => {
    expect(specifiers(`// import "a";\nconst text = 'import "b"';\nconst c = await import(name);`)).toEqual([]);
  });

  it("knows the line, and says where a file cannot be read", () => {
    expect(scanImports("x.ts", `\n\nimport {\n  a,\n} from "m";`).imports[0]?.line).toBe(5);
    expect(scanImports("x.ts", `const a = 1;\nconst = 2;`).syntaxError?.line).toBe(2);
  });
});

describe("the import rules", () => {
  it("let a floor use the floors below, and its own room", () => {
    expect(
      broken({
        "packages/audio/src/pipeline/turn.ts": `import "../engines/a.ts"; import "./b.ts"; import "../errors.ts";`,
        "packages/node/src/peer.ts": `import "./gateway/a.ts"; import "./config/a.ts"; import "@parley/audio/turn"; import "ws";`,
      }),
    ).toEqual([]);
  });

  it("refuse the floors above and the neighbours", () => {
    expect(broken({ "packages/audio/src/format/a.ts": `import "../engines/a.ts";\nimport "../models/a.ts";` })).toEqual(
      ["packages/audio/src/format/a.ts:1 floor", "packages/audio/src/format/a.ts:2 floor"],
    );
  });

  it("refuse a room that the table does not know", () => {
    expect(broken({ "packages/node/src/utils/a.ts": "" })).toEqual(["packages/node/src/utils/a.ts:1 unplaced"]);
  });

  it("let a package be used through its exports only, even by tests", () => {
    expect(
      broken({
        "packages/node/test/a.test.ts": `import "@parley/audio/turn";\nimport "@parley/audio/format";\nimport "@parley/audio/package.json";`,
        "test/b.test.ts": `import "@parley/raft";`,
      }),
    ).toEqual(["packages/node/test/a.test.ts:2 deep-import", "test/b.test.ts:1 deep-import"]);
  });

  it("let tests reach their own package and the shared kit by path, nothing else", () => {
    expect(
      broken({
        "packages/node/test/a.test.ts": `import "../src/gateway/a.ts";\nimport "./kit.ts";\nimport "../../audio/src/index.ts";`,
        "packages/node/bench/a.bench.ts": `import type { Bench } from "../../../tools/bench/types.ts";`,
        "test/house/a.test.ts": `import "../../tools/imports/rules.ts";\nimport "../../packages/audio/src/index.ts";`,
      }),
    ).toEqual(["packages/node/test/a.test.ts:3 deep-import", "test/house/a.test.ts:2 deep-import"]);
  });

  it("keep what is shipped apart from its tests", () => {
    expect(broken({ "packages/node/src/gateway/a.ts": `import "../../test/kit.ts";` })).toEqual([
      "packages/node/src/gateway/a.ts:1 deep-import",
    ]);
  });

  it("keep node: and strange packages out of what runs in browsers", () => {
    expect(broken({ "packages/audio/src/turn/a.ts": `import "node:fs";\nimport "zod";\nimport "./b.ts";` })).toEqual([
      "packages/audio/src/turn/a.ts:1 browser-safe",
      "packages/audio/src/turn/a.ts:2 browser-safe",
    ]);
  });

  it("want node: before Node's own modules", () => {
    expect(broken({ "tools/a.ts": `import "fs/promises";` })).toEqual(["tools/a.ts:1 node-prefix"]);
  });

  it("want what is shipped in dependencies; tests may use development packages and the root's", () => {
    expect(
      broken({
        "packages/node/src/gateway/a.ts": `import "zod";\nimport "vitest";`,
        "packages/node/test/a.test.ts": `import "vitest";\nimport "ws";\nimport "zod";`,
      }),
    ).toEqual([
      "packages/node/src/gateway/a.ts:1 undeclared",
      "packages/node/src/gateway/a.ts:2 undeclared",
      "packages/node/test/a.test.ts:3 undeclared",
    ]);
  });

  it("find declared packages that nothing imports; types count as used with what they describe", () => {
    const files = { "packages/node/src/peer.ts": `import "ws";`, "test/a.test.ts": `import "vitest";` };
    expect(broken(files, true)).toEqual([
      "packages/audio/package.json:15 unused-dependency",
      "packages/node/package.json:10 unused-dependency",
    ]);
  });

  it("name only folders that exist in the architecture's table once", () => {
    for (const { floors = [] } of Object.values(PACKAGES)) {
      expect(new Set(floors.flat()).size).toBe(floors.flat().length);
    }
  });
});

describe("findCycles", () => {
  const edges = (pairs: readonly (readonly [number, number])[]): readonly Edge[] =>
    pairs.map(([from, to]) => ({ from: `f${from}`, to: `f${to}`, line: 1, typeOnly: false }));

  it("finds a file that imports itself, and a circle through others", () => {
    expect(findCycles(edges([[1, 1]])).map((cycle) => cycle.length)).toEqual([1]);
    expect(findCycles(edges([[1, 2], [2, 3], [3, 1], [3, 4]])).map((cycle) => cycle.length)).toEqual([3]); // prettier-ignore
  });

  it("finds none exactly where every import runs downward, and each it finds is one", () => {
    const node = fc.nat({ max: 12 });
    fc.assert(
      fc.property(fc.array(fc.tuple(node, node), { maxLength: 40 }), (pairs) => {
        const downward = pairs.filter(([from, to]) => from > to);
        expect(findCycles(edges(downward))).toEqual([]);
        const cycles = findCycles(edges(pairs));
        for (const cycle of cycles) {
          for (const [at, { to }] of cycle.entries()) expect(cycle[(at + 1) % cycle.length]?.from).toBe(to);
        }
        expect(cycles.length > 0).toBe(hasCircle(pairs));
      }),
    );
  });
});

/** The plain way: take away whatever imports nothing that is left; what remains holds a circle. */
function hasCircle(pairs: readonly (readonly [number, number])[]): boolean {
  const left = pairs.filter(([, to]) => pairs.some(([from]) => from === to));
  return left.length === pairs.length ? pairs.length > 0 : hasCircle(left);
}
