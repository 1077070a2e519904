/** Builds one package: `src` becomes `dist`, and what `exports` promises is there. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  copyFileSync,
  existsSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { BuildError, type Buildable } from "./packages.ts";
import { pointAtBuilt } from "./rewrite.ts";

const DEADLINE_MS = 5 * 60_000;

/** @throws BuildError when the compiler complains, a name leads nowhere, or an export has no file */
export async function buildPackage({ name, folder, exports }: Buildable): Promise<void> {
  const dist = join(folder, "dist");
  rmSync(dist, { recursive: true, force: true });
  await compile(name, folder);
  copyAssets(join(folder, "src"), dist);
  for (const path of filesOf(dist).filter((file) => /\.(?:js|d\.ts)$/.test(file))) finish(name, path);
  // A target may be a pattern: then there has to be something that fits.
  const missing = targetsOf(exports).find((target) => globSync(target, { cwd: folder }).length === 0);
  if (missing !== undefined) throw new BuildError(`${name}: exports name ${missing}, which the build did not make`);
}

async function compile(name: string, folder: string): Promise<void> {
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin", "tsc");
  const args = [tsc, "-p", join(folder, "tsconfig.build.json"), "--pretty", "false"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"], timeout: DEADLINE_MS });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  const [code] = await once(child, "close");
  if (code !== 0) throw new BuildError(`${name} does not compile:\n${output.trimEnd()}`);
}

/** What is beside the sources and is no source: tables, schemas, web pages. */
function copyAssets(src: string, dist: string): void {
  for (const from of filesOf(src).filter((path) => !path.endsWith(".ts"))) {
    const to = join(dist, relative(src, from));
    mkdirSync(dirname(to), { recursive: true });
    copyFileSync(from, to);
  }
}

function finish(name: string, path: string): void {
  const before = readFileSync(path, "utf8");
  const { text, names } = pointAtBuilt(path, before);
  for (const target of names) {
    const file = resolve(dirname(path), target);
    // A declaration names the JavaScript that it declares.
    if (!existsSync(file)) throw new BuildError(`${name}: ${path} names ${target}, which the build did not make`);
  }
  if (text !== before) writeFileSync(path, text);
}

function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Every file that `exports` leads somebody outside to. */
function targetsOf(exports: Readonly<Record<string, unknown>>): readonly string[] {
  return Object.values(exports).flatMap((entry) => {
    if (typeof entry === "string") return [entry];
    if (typeof entry !== "object" || entry === null) return [];
    return Object.entries(entry).flatMap(([condition, target]: [string, unknown]) =>
      condition !== "parley-source" && typeof target === "string" ? [target] : [],
    );
  });
}
