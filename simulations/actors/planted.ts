/** The package with a bug planted in it: a copy of the shipped sources with a few lines replaced, loaded as modules. */
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Library } from "./library.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted/bugs.ts";
import { runSeed, type Run } from "./run.ts";

const MANIFEST = createRequire(import.meta.url).resolve("@parley/actors/package.json");
const SOURCES = join(dirname(MANIFEST), "src");

/** What the search for one bug came to. */
export interface Hunt {
  /** Seeds tried until it was caught; undefined when it never was. */
  readonly seeds: number | undefined;
  readonly caught: Run | undefined;
}

/** Tries seeds from `from` on until the bug is caught, `seeds` at most. @throws Error when its lines are not there once */
export async function hunt(bug: PlantedBug, from: number, seeds: number): Promise<Hunt> {
  const folder = mkdtempSync(join(tmpdir(), "parley-planted-"));
  try {
    const library = await libraryWith(bug, folder);
    for (let tried = 1; tried <= seeds; tried += 1) {
      const run = await runSeed(from + tried - 1, { library });
      if (run.violation !== undefined) return { seeds: tried, caught: run };
    }
    return { seeds: undefined, caught: undefined };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function bugsNumbered(numbers: readonly number[]): readonly PlantedBug[] {
  return numbers.length === 0 ? PLANTED_BUGS : PLANTED_BUGS.filter((bug) => numbers.includes(bug.number));
}

async function libraryWith({ number, file, search, replace }: PlantedBug, folder: string): Promise<Library> {
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  symlinkSync(dependencies(), join(folder, "node_modules"), "dir");
  cpSync(SOURCES, join(folder, "src"), { recursive: true });
  const path = join(folder, "src", file);
  const text = readFileSync(path, "utf8");
  if (text.split(search).length !== 2) throw new Error(`bug ${number}: its lines are not once in ${file}`);
  writeFileSync(
    path,
    text.replace(search, () => replace),
  );
  const load = (entry: string): Promise<unknown> => import(pathToFileURL(join(folder, "src", entry)).href);
  const [actors, testing] = [await load("index.ts"), await load("testing/index.ts")];
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- copies of the very modules that the type describes
  return { actors, testing } as Library;
}

/** Where the package finds what it depends on. */
function dependencies(): string {
  const dependency = "msgpackr";
  const found = createRequire(MANIFEST)
    .resolve.paths(dependency)
    ?.find((path) => existsSync(join(path, dependency)));
  if (found === undefined) throw new Error(`${dependency} is not installed`);
  return found;
}
