/** The package with a bug planted in it: a copy of the shipped sources with a few lines replaced, loaded as a module. */
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { withTemporaryFolder } from "../kit/temporary-folder.ts";
import type { Library } from "./library.ts";
import type { PlantedBug } from "./planted/bug.ts";
import { PLANTED_BUGS } from "./planted/bugs.ts";
import { runSeed, type Run } from "./run.ts";

const MANIFEST = createRequire(import.meta.url).resolve("@parley/raft/package.json");
const SOURCES = join(dirname(MANIFEST), "src");

/** Where the package finds what it depends on. */
function dependenciesOf(dependency: string): string {
  const found = createRequire(MANIFEST)
    .resolve.paths(dependency)
    ?.find((path) => existsSync(join(path, dependency)));
  if (found === undefined) throw new Error(`${dependency} is not installed`);
  return found;
}

/** What the search for one bug came to. */
export interface Hunt {
  readonly bug: PlantedBug;
  /** Seeds tried until it was caught; undefined when it never was. */
  readonly seeds: number | undefined;
  readonly caught: Run | undefined;
}

/** The package with `bug` in it. @throws Error when the lines it replaces are not in the sources (exactly once). */
export function withBug<T>(bug: PlantedBug, use: (library: Library) => Promise<T>): Promise<T> {
  return withTemporaryFolder("parley-planted-", async (folder) => {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    symlinkSync(dependenciesOf("level"), join(folder, "node_modules"), "dir");
    cpSync(SOURCES, join(folder, "src"), { recursive: true });
    for (const { file, search, replace } of bug.edits) {
      const path = join(folder, "src", file);
      const text = readFileSync(path, "utf8");
      if (text.split(search).length !== 2) throw new Error(`bug ${bug.number}: its lines are not once in ${file}`);
      writeFileSync(
        path,
        text.replace(search, () => replace),
      );
    }
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a copy of the very module that the type describes
    const library = (await import(pathToFileURL(join(folder, "src/index.ts")).href)) as Library;
    return use(library);
  });
}

/** Tries seeds from `from` on until the bug is caught, `seeds` at most. */
export function hunt(bug: PlantedBug, from: number, seeds: number): Promise<Hunt> {
  return withBug(bug, async (library) => {
    for (let tried = 1; tried <= seeds; tried += 1) {
      const run = await runSeed(from + tried - 1, { library });
      if (run.violation !== undefined) return { bug, seeds: tried, caught: run };
    }
    return { bug, seeds: undefined, caught: undefined };
  });
}

/** The bugs of these numbers; all of them for none. @throws TypeError when there is no bug of such a number */
export function bugsNumbered(numbers: readonly number[]): readonly PlantedBug[] {
  const known = new Set(PLANTED_BUGS.map(({ number }) => number));
  for (const number of numbers) {
    if (!known.has(number)) throw new TypeError(`there is no planted bug ${number}; there are ${[...known].join()}`);
  }
  return numbers.length === 0 ? PLANTED_BUGS : PLANTED_BUGS.filter((bug) => numbers.includes(bug.number));
}
