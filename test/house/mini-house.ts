/** A small house in a temporary folder: our tools and settings, real package manifests in miniature, a few sources. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { markInstalled } from "../../tools/install/stamp.mjs";

/** The checkout that these tests belong to. */
export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const DEADLINE_MS = 120_000;
const COPIED = [
  ".oxlintrc.json",
  ".prettierignore",
  ".prettierrc.json",
  "LICENSE",
  "package-lock.json",
  "package.json",
  "tools",
  "tsconfig.base.json",
  "tsconfig.json",
  "vitest.config.ts",
];

const exported = (file: string): Readonly<Record<string, string>> => ({
  "parley-source": `./src/${file}.ts`,
  types: `./dist/${file}.d.ts`,
  default: `./dist/${file}.js`,
});

const manifest = (name: string, exports: object, dependencies: object = {}): string =>
  `${JSON.stringify({ name: `@parley/${name}`, version: "0.1.0", type: "module", exports, dependencies }, null, 2)}\n`;

/** Everything in it is used, allowed and well formed. */
const SOURCES: Readonly<Record<string, string>> = {
  "simulations/package.json": manifest("simulations", {}),
  "test/package.json": manifest("test", {}),
  "packages/audio/package.json": manifest("audio", {
    ".": exported("index"),
    "./format": exported("format/index"),
    "./turn": exported("turn/index"),
  }),
  "packages/audio/src/index.ts": `export { HOUR_MS } from "./format/index.ts";\n`,
  "packages/audio/src/format/index.ts": `export const HOUR_MS = 3_600_000;\n`,
  "packages/audio/src/engines/index.ts": `export { HOUR_MS } from "../format/index.ts";\n`,
  "packages/audio/src/turn/index.ts": `export const PAUSE_MS = 500;\n`,
  "packages/sdk/package.json": manifest("sdk", { ".": exported("index") }, { "@parley/audio": "0.1.0" }),
  "packages/sdk/src/index.ts": `export { PAUSE_MS } from "@parley/audio/turn";\n`,
  "packages/node/package.json": manifest("node", { ".": exported("index") }, { "@parley/audio": "0.1.0" }),
  "packages/node/src/index.ts": `export { PORT } from "./gateway/server.ts";\n`,
  "packages/node/src/config/schema.ts": `export const DEFAULT_PORT = 8765;\n`,
  "packages/node/src/gateway/server.ts": [
    `import { HOUR_MS } from "@parley/audio/format";`,
    `import { DEFAULT_PORT } from "../config/schema.ts";`,
    ``,
    `export const PORT = DEFAULT_PORT + (HOUR_MS > 0 ? 0 : 1);`,
    ``,
  ].join("\n"),
  // So that every development dependency of the root is imported by somebody.
  "test/kit.test.ts": `import fc from "fast-check";\nimport { test } from "vitest";\n\ntest("the kit", () => fc.assert(fc.property(fc.nat(), (n) => n >= 0)));\n`,
};

/** How a command ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a command to its end. It gets no stdin, and is killed after two minutes. */
export async function run(
  file: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env?: NodeJS.ProcessEnv },
): Promise<Ended> {
  const child = spawn(file, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: DEADLINE_MS,
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  const [code] = await once(child, "close");
  return { code, stdout, stderr };
}

/** A house that can be broken. */
export interface MiniHouse {
  readonly root: string;
  /** Writes a file and returns a function that takes the change back. */
  write(path: string, text: string): () => void;
  [Symbol.dispose](): void;
}

/** Builds one; its node_modules are links to ours, its `@parley/*` are its own. */
export function buildMiniHouse(): MiniHouse {
  const root = mkdtempSync(join(tmpdir(), "parley-house-"));
  const write = (path: string, text: string): (() => void) => {
    mkdirSync(join(root, dirname(path)), { recursive: true });
    writeFileSync(join(root, path), text);
    const before = SOURCES[path];
    return () => (before === undefined ? rmSync(join(root, path)) : writeFileSync(join(root, path), before));
  };
  for (const path of COPIED) cpSync(join(ROOT, path), join(root, path), { recursive: true });
  // They stand on packages of the real house.
  for (const path of ["tools/bench/between", "tools/diagram", "tools/protocol"])
    rmSync(join(root, path), { recursive: true });
  for (const [path, text] of Object.entries(SOURCES)) write(path, text);
  linkModules(root);
  markInstalled(root);
  return { root, write, [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }) };
}

function linkModules(root: string): void {
  const modules = join(root, "node_modules");
  mkdirSync(join(modules, "@parley"), { recursive: true });
  for (const name of readdirSync(join(ROOT, "node_modules"))) {
    if (name === "@parley" || (name.startsWith(".") && name !== ".bin")) continue;
    symlinkSync(join(ROOT, "node_modules", name), join(modules, name));
  }
  for (const name of ["audio", "sdk", "node"]) {
    symlinkSync(join(root, "packages", name), join(modules, "@parley", name));
  }
}
