import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { PACKAGES } from "../../tools/imports/house.ts";
import { ROOT, run, type Ended } from "./mini-house.ts";

const MINUTES_MS = 60_000;
const TSC = join(ROOT, "node_modules/typescript/bin/tsc");

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

const readManifest = (folder: string): Manifest => JSON.parse(readFileSync(join(ROOT, folder, "package.json"), "utf8"));
const packages = Object.values(PACKAGES).map(({ folder }) => ({ folder, ...readManifest(folder) }));
const empty = packages.filter(({ exports }) => Object.keys(exports).length === 0).map(({ name }) => name);
/** Everything that somebody outside can import. */
const entries = packages.flatMap(({ name, exports }) =>
  Object.keys(exports).flatMap((subpath) => (subpath === "./package.json" ? [] : [name + subpath.slice(1)])),
);

/** Fails with everything the command said. */
async function succeed(file: string, args: readonly string[], cwd: string): Promise<Ended> {
  const ended = await run(file, args, { cwd });
  if (ended.code !== 0)
    throw new Error(`${file} ${args.join(" ")} ended with ${ended.code}:\n${ended.stdout}${ended.stderr}`);
  return ended;
}

/** Their declarations are those of a package that does not compile with `exactOptionalPropertyTypes`, which `strict` does not ask for. */
const LESS_EXACT = new Set(["@parley/actors/xstate", "@parley/audio/interaction-machine"]);

function nameOf(line: string): string {
  return /as (\w+)/.exec(line)?.[1] ?? "";
}

describe("the published packages", () => {
  let root: string;
  let project: string;
  const tarballs = new Map<string, string>();

  beforeAll(async () => {
    root = mkdtempSync(join(tmpdir(), "parley-pack-"));
    project = join(root, "project");
    mkdirSync(project);
    await succeed(process.execPath, ["tools/build/main.ts"], ROOT);
    for (const { name, folder } of packages) {
      const { stdout } = await succeed("npm", ["pack", "--silent", "--pack-destination", root, `./${folder}`], ROOT);
      tarballs.set(name, join(root, basename(stdout.trim())));
    }
  }, 5 * MINUTES_MS);
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  it.for(packages)(
    "$name holds what is built, its README and its licence, and no sources or tests",
    async ({ name, exports }) => {
      const { stdout } = await succeed("tar", ["-tzf", tarballs.get(name) ?? ""], root);
      const files = stdout.trim().split("\n").map((path) => path.replace(/^package\//, "")).toSorted(); // prettier-ignore
      expect(files).toEqual(expect.arrayContaining(["LICENSE", "README.md", "package.json"]));
      expect(
        files.filter((path) => /(^|\/)(src|test|bench|fixtures)\/|\.test\.|(?<!\.d)\.ts$|tsconfig|\.log$/.test(path)),
      ).toEqual([]);
      if (Object.keys(exports).length > 0)
        expect(files).toEqual(expect.arrayContaining(["dist/index.js", "dist/index.d.ts", "dist/index.js.map"]));
      else expect(files).toHaveLength(3);
    },
  );

  describe("installed in a plain TypeScript project", () => {
    beforeAll(async () => {
      const house = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
      const files = Object.fromEntries([...tarballs].map(([name, path]) => [name, `file:${path}`]));
      const manifest = {
        name: "somebody-elses",
        private: true,
        type: "module",
        dependencies: files,
        devDependencies: { "@types/node": house.devDependencies["@types/node"] },
        overrides: {
          ...house.overrides,
          ...Object.fromEntries([...tarballs.keys()].map((name) => [name, `$${name}`])),
        },
      };
      writeFileSync(join(project, "package.json"), JSON.stringify(manifest, null, 2));
      const quiet = ["--prefer-offline", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await succeed("npm", ["install", ...quiet], project);
    }, 5 * MINUTES_MS);

    it(
      "compile under strict settings, declarations checked, and run on Node without conditions",
      { timeout: 5 * MINUTES_MS },
      async () => {
        const compilerOptions = {
          module: "nodenext",
          target: "es2024",
          lib: ["es2024", "dom", "esnext.disposable", "esnext.iterator"],
          types: ["node"],
          strict: true,
          skipLibCheck: false,
          outDir: "out",
        };
        writeFileSync(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["main.ts"] }));
        const imports = entries.map((entry, n) => `import * as entry${n} from "${entry}";`);
        const exactly = imports.filter((_, n) => !LESS_EXACT.has(entries[n] ?? ""));
        writeFileSync(
          join(project, "exact.ts"),
          [...exactly, `export const all = [${exactly.map(nameOf).join()}];`].join("\n"),
        );
        const exact = { ...compilerOptions, exactOptionalPropertyTypes: true };
        writeFileSync(
          join(project, "tsconfig.exact.json"),
          JSON.stringify({ compilerOptions: exact, files: ["exact.ts"] }),
        );
        await succeed(process.execPath, [TSC, "--pretty", "false", "-p", "tsconfig.exact.json"], project);
        const counts = entries.map((entry, n) => `"${entry}": Object.keys(entry${n}).length`);
        const typed = [
          `import { AudioError, durationMs, type Pcm } from "@parley/audio";`,
          `const second: Pcm = { samples: new Float32Array(16_000), sampleRateHz: 16_000 };`,
          `const lengthMs: number = durationMs(second);`,
          `// @ts-expect-error: a code that does not exist; unnoticed if the declarations had turned into any`,
          `const refused = new AudioError("no-such-code", "x", { nextStep: "y" });`,
          `console.log(JSON.stringify({ lengthMs, isError: refused instanceof Error, counts: { ${counts.join(", ")} } }));`,
        ];
        writeFileSync(join(project, "main.ts"), [...imports, ...typed, ""].join("\n"));
        await succeed(process.execPath, [TSC, "--pretty", "false"], project);
        const { stdout } = await succeed(process.execPath, ["out/main.js"], project);
        const said: { lengthMs: number; isError: boolean; counts: Record<string, number> } = JSON.parse(stdout);
        expect(said).toMatchObject({ lengthMs: 1000, isError: true });
        expect(Object.keys(said.counts)).toEqual(entries);
        expect(
          Object.values(said.counts).every((count) => count > 0),
          stdout,
        ).toBe(true);
      },
    );

    it.for(empty)("%s is honestly empty", async (name) => {
      const script = `import("${name}").catch((error) => console.log(error.code))`;
      expect((await succeed(process.execPath, ["-e", script], project)).stdout.trim()).toBe(
        "ERR_PACKAGE_PATH_NOT_EXPORTED",
      );
    });

    it("bring the command parley", async () => {
      const { stdout } = await succeed(join(project, "node_modules/.bin/parley"), ["--version"], project);
      expect(stdout.trim()).toContain(packages.find(({ name }) => name === "@parley/node")?.version);
    });
  });
});
