/** The core with a bug planted in it: a copy of the shipped sources with a few lines replaced, loaded as a module. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Core } from "./core.ts";
import { PLANTED_BUGS, type PlantedBug } from "./planted/bugs.ts";
import { runSeed, type Run } from "./run.ts";

const SOURCES = fileURLToPath(new URL("src", import.meta.resolve("@parley/raft/package.json")));

/** What the core consists of: it needs no other package, and so it can stand in any folder. */
const PARTS = ["core", "errors.ts"];

/** What the search for one bug came to. */
export interface Hunt {
  readonly bug: PlantedBug;
  /** Seeds tried until it was caught; undefined when it never was. */
  readonly seeds: number | undefined;
  readonly caught: Run | undefined;
}

/** The core with `bug` in it. @throws Error when the lines it replaces are not in the sources (exactly once). */
export async function withBug<T>(bug: PlantedBug, use: (core: Core) => T): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), "parley-planted-"));
  try {
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
    for (const part of PARTS) cpSync(join(SOURCES, part), join(folder, "src", part), { recursive: true });
    for (const { file, search, replace } of bug.edits) {
      const path = join(folder, "src", file);
      const text = readFileSync(path, "utf8");
      if (text.split(search).length !== 2) throw new Error(`bug ${bug.number}: its lines are not once in ${file}`);
      writeFileSync(
        path,
        text.replace(search, () => replace),
      );
    }
    const load = async (file: string): Promise<object> => {
      const loaded: unknown = await import(pathToFileURL(join(folder, "src", file)).href);
      return typeof loaded === "object" && loaded !== null ? loaded : {};
    };
    const parts = await Promise.all(["core/raw-node.ts", "core/conf-change.ts", "errors.ts"].map(load));
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- copies of the very modules the type describes
    const core = Object.assign({}, ...parts) as Core;
    return use(core);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Tries seeds from `from` on until the bug is caught, `seeds` at most. */
export function hunt(bug: PlantedBug, from: number, seeds: number): Promise<Hunt> {
  return withBug(bug, (core) => {
    for (let tried = 1; tried <= seeds; tried += 1) {
      const run = runSeed(from + tried - 1, { core });
      if (run.violation !== undefined) return { bug, seeds: tried, caught: run };
    }
    return { bug, seeds: undefined, caught: undefined };
  });
}

export function bugsNumbered(numbers: readonly number[]): readonly PlantedBug[] {
  return numbers.length === 0 ? PLANTED_BUGS : PLANTED_BUGS.filter((bug) => numbers.includes(bug.number));
}
