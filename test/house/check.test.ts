import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildMiniHouse, run, type Ended, type MiniHouse } from "./mini-house.ts";

/** One way to break the house, and what `npm run check` must say about it. */
interface Break {
  readonly name: string;
  readonly files: Readonly<Record<string, string>>;
  /** The steps that fail; all others must pass. */
  readonly fails: readonly string[];
  readonly says: readonly (string | RegExp)[];
}

const BREAKS: readonly Break[] = [
  {
    name: "a wrong type",
    files: { "packages/audio/src/format/index.ts": `export const HOUR_MS: number = "long";\n` },
    fails: ["types"],
    says: ["packages/audio/src/format/index.ts(1,14)", "not assignable to type 'number'"],
  },
  {
    name: "an `any`",
    files: { "packages/audio/src/format/index.ts": `export const HOUR_MS: any = 3_600_000;\n` },
    fails: ["lint"],
    says: ["no-explicit-any", "packages/audio/src/format/index.ts:1"],
  },
  {
    name: "a promise nobody waits for, which only the type-aware half of the linter sees",
    files: {
      "packages/node/src/gateway/late.ts": `const later = async (): Promise<void> => {};\nexport function start(): void {\n  later();\n}\n`,
    },
    fails: ["lint"],
    says: ["no-floating-promises", "packages/node/src/gateway/late.ts:3"],
  },
  {
    name: "a file longer than 450 lines of code",
    files: {
      "packages/node/src/gateway/long.ts": Array.from({ length: 451 }, (_, n) => `export const N${n} = ${n};\n`).join(
        "",
      ),
    },
    fails: ["lint"],
    says: ["max-lines"],
  },
  {
    name: "an empty catch",
    files: {
      "packages/node/src/gateway/quiet.ts": `export function quiet(work: () => void): void {\n  try {\n    work();\n  } catch {}\n}\n`,
    },
    fails: ["lint"],
    says: ["no-empty", "packages/node/src/gateway/quiet.ts:4"],
  },
  {
    name: "a badly formatted file",
    files: { "packages/audio/src/format/index.ts": `export const HOUR_MS = 3_600_000\n` },
    fails: ["format"],
    says: ["packages/audio/src/format/index.ts", "mend: npm run format"],
  },
  {
    name: "an import from a floor above",
    files: {
      "packages/node/src/config/schema.ts": `export { PORT as DEFAULT_PORT } from "../gateway/port.ts";\n`,
      "packages/node/src/gateway/port.ts": `export const PORT = 8765;\n`,
    },
    fails: ["imports"],
    says: [`packages/node/src/config/schema.ts:1  floor: config imports gateway ("../gateway/port.ts"), upward`],
  },
  {
    name: "an import from a room on the same floor",
    files: {
      "packages/node/src/mesh/host.ts": `export { TRIES } from "../providers/tries.ts";\n`,
      "packages/node/src/providers/tries.ts": `export const TRIES = 3;\n`,
    },
    fails: ["imports"],
    says: [
      /mesh\/host\.ts:1 {2}floor: mesh imports providers .*, on the same floor/,
      /allowed: rooms below mesh: .*\bconfig\b/,
    ],
  },
  {
    name: "a package that reaches for one above",
    files: { "packages/audio/src/engines/up.ts": `export { PAUSE_MS } from "@parley/sdk";\n` },
    fails: ["imports"],
    says: ["packages/audio/src/engines/up.ts:1  package-floor: @parley/audio uses @parley/sdk", "allowed: no package"],
  },
  {
    name: "a circle of files",
    files: {
      "packages/node/src/gateway/a.ts": `import { b } from "./b.ts";\nexport const a = (): number => b();\n`,
      "packages/node/src/gateway/b.ts": `import { a } from "./a.ts";\nexport const b = (): number => a();\n`,
    },
    fails: ["imports"],
    says: [/gateway\/a\.ts:1 {2}circle: .*gateway\/a\.ts -> .*gateway\/b\.ts -> .*gateway\/a\.ts$/m],
  },
  {
    name: "a circle of types only",
    files: {
      "packages/node/src/gateway/a.ts": `import type { B } from "./b.ts";\nexport interface A {\n  readonly b: B | null;\n}\n`,
      "packages/node/src/gateway/b.ts": `import type { A } from "./a.ts";\nexport interface B {\n  readonly a: A | null;\n}\n`,
    },
    fails: ["imports"],
    says: [/gateway\/a\.ts:1 {2}circle: .* \(types only\)$/m],
  },
  {
    name: "a deep import by name",
    files: { "packages/node/src/gateway/deep.ts": `export { HOUR_MS } from "@parley/audio/src/format/index.ts";\n` },
    // Node's and TypeScript's own resolution refuse it as well.
    fails: ["types", "imports"],
    says: [
      `deep.ts:1  deep-import: "@parley/audio/src/format/index.ts" is not among the exports`,
      "allowed: @parley/audio, @parley/audio/format",
    ],
  },
  {
    name: "a deep import by path",
    files: { "packages/node/src/gateway/deep.ts": `export { HOUR_MS } from "../../../audio/src/format/index.ts";\n` },
    fails: ["imports"],
    says: ["packages/node/src/gateway/deep.ts:1  deep-import:", "imports packages/audio/src/format/index.ts by path"],
  },
  {
    name: "an sdk that needs the file system",
    files: { "packages/sdk/src/files.ts": `export { readFileSync } from "node:fs";\n` },
    fails: ["imports"],
    says: [`packages/sdk/src/files.ts:1  browser-safe: @parley/sdk runs in browsers and imports "node:fs"`],
  },
  {
    name: "an sdk that uses more of audio than turn",
    files: { "packages/sdk/src/hour.ts": `export { HOUR_MS } from "@parley/audio/format";\n` },
    fails: ["imports"],
    says: ["package-floor: @parley/sdk uses @parley/audio/format", "allowed: @parley/audio/turn"],
  },
  {
    name: "a turn that leaves its room",
    files: { "packages/audio/src/turn/index.ts": `export { HOUR_MS as PAUSE_MS } from "../format/index.ts";\n` },
    fails: ["imports"],
    says: ["floor: turn imports format", "allowed: turn imports nothing but itself"],
  },
  {
    name: "a dependency that is not declared",
    files: { "packages/node/src/gateway/check.ts": `export { z } from "zod";\n` },
    fails: ["imports"],
    says: [`check.ts:1  undeclared: "zod" is not in the dependencies of packages/node/package.json`],
  },
  {
    name: "a swallowed error",
    files: {
      "packages/node/src/gateway/lost.ts": `export async function lose(work: Promise<void>): Promise<void> {\n  await work.catch(() => {});\n}\n`,
    },
    fails: ["tidy"],
    says: ["packages/node/src/gateway/lost.ts:2  tidy: an error swallowed by .catch"],
  },
  {
    name: "a path of one machine",
    files: {
      "packages/node/src/config/schema.ts": `export const DEFAULT_PORT = 8765;\nexport const DATA = "/home/ada/parley";\n`,
    },
    fails: ["tidy"],
    says: ["packages/node/src/config/schema.ts:2  tidy: a path of one machine"],
  },
];

const STEPS = ["types", "lint", "format", "imports", "tidy"];

describe("npm run check", () => {
  let house: MiniHouse;
  const check = (): Promise<Ended> => run("npm", ["run", "-s", "check"], { cwd: house.root });

  /** Which steps said that they failed. */
  const failedSteps = (stdout: string): readonly string[] =>
    STEPS.filter((step) => new RegExp(`^FAILED +${step}\\b`, "m").test(stdout));

  beforeAll(() => {
    house = buildMiniHouse();
  });
  afterAll(() => house[Symbol.dispose]());

  it("passes when nothing is broken, with a line for each step", async () => {
    const { code, stdout, stderr } = await check();
    expect(failedSteps(stdout), stdout).toEqual([]);
    for (const step of STEPS) expect(stdout).toMatch(new RegExp(`^ok +${step}\\b`, "m"));
    expect(stderr).toBe("");
    expect(code).toBe(0);
  });

  it.for(BREAKS)("fails on $name", async ({ files, fails, says }) => {
    const restore = Object.entries(files).map(([path, text]) => house.write(path, text));
    const { code, stdout } = await check();
    for (const undo of restore) undo();
    expect(failedSteps(stdout), stdout).toEqual(fails);
    for (const words of says) expect(stdout).toMatch(words);
    expect(code).toBe(1);
  });

  it("reports every failing step instead of stopping at the first", async () => {
    const undo = house.write(
      "packages/audio/src/format/index.ts",
      `import "node:nothing"\nexport const HOUR_MS: any = missing\n`,
    );
    const { code, stdout } = await check();
    undo();
    expect(failedSteps(stdout), stdout).toEqual(["types", "lint", "format"]);
    expect(stdout).toContain("check failed: types, lint, format");
    expect(code).toBe(1);
  });
});
