/** A package with a bug planted in it: a copy of the shipped sources with a few lines replaced. */
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { withTemporaryFolder } from "./temporary-folder.ts";

export interface Edit {
  /** Another package that the copied one depends on, such as `@parley/raft`: it is copied, too. */
  readonly of?: string;
  /** Below the package's `src`. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly search: string;
  readonly replace: string;
}

export interface PlantedBug {
  /** Of the list it comes from; from 101 on: our own. */
  readonly number: number;
  readonly name: string;
  readonly edits: readonly Edit[];
}

/** A bug of one edit. */
export function bug(number: number, name: string, file: string, search: string, replace: string): PlantedBug {
  return { number, name, edits: [{ file, search, replace }] };
}

/** The same in a package that the copied one depends on. */
export function bugOf(
  of: string,
  number: number,
  name: string,
  file: string,
  search: string,
  replace: string,
): PlantedBug {
  return { number, name, edits: [{ of, file, search, replace }] };
}

/** The bugs of these numbers; all of them for none. @throws TypeError when there is no bug of such a number */
export function numbered(bugs: readonly PlantedBug[], numbers: readonly number[]): readonly PlantedBug[] {
  const known = new Set(bugs.map((each) => each.number));
  for (const number of numbers) {
    if (!known.has(number)) throw new TypeError(`there is no planted bug ${number}; there are ${[...known].join()}`);
  }
  return numbers.length === 0 ? bugs : bugs.filter((each) => numbers.includes(each.number));
}

export interface CopiedPackage {
  readonly name: string;
  /** Something that it depends on: the copy finds its packages where that one is. */
  readonly dependency: string;
  /** What keeps something for the whole process, and would have copies disturb each other and the original. */
  readonly own?: readonly string[];
}

/**
 * Gives `use` a way to load modules of a copy of the package that has `planted` in it; the copy is gone afterwards.
 * @throws Error when the lines that the bug replaces are not in the sources exactly once
 */
export function withBugIn<T>(
  copied: CopiedPackage,
  { number, edits }: PlantedBug,
  use: (load: (file: string) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const manifest = createRequire(import.meta.url).resolve(`${copied.name}/package.json`);
  return withTemporaryFolder("parley-planted-", async (folder) => {
    const { version }: { readonly version: string } = JSON.parse(readFileSync(manifest, "utf8"));
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module", version }));
    bringPackages(packagesOf(manifest, copied.dependency), join(folder, "node_modules"), copied.own ?? []);
    cpSync(join(dirname(manifest), "src"), join(folder, "src"), { recursive: true });
    for (const of of new Set(edits.flatMap((edit) => edit.of ?? []))) copyBeside(of, folder);
    for (const { of, file, search, replace } of edits) {
      const path = join(of === undefined ? folder : besideOf(of, folder), "src", file);
      const text = readFileSync(path, "utf8");
      if (text.split(search).length !== 2) throw new Error(`bug ${number}: its lines are not once in ${file}`);
      writeFileSync(
        path,
        text.replace(search, () => replace),
      );
    }
    return use((file) => import(pathToFileURL(join(folder, "src", file)).href));
  });
}

/** Links all packages; of `own` there is a copy. */
function bringPackages(from: string, to: string, own: readonly string[]): void {
  mkdirSync(to);
  for (const name of readdirSync(from)) {
    if (own.includes(name)) cpSync(join(from, name), join(to, name), { recursive: true, dereference: true });
    else symlinkSync(join(from, name), join(to, name));
  }
}

/** Not below `node_modules`: Node strips the types of nothing that is there. */
function besideOf(name: string, folder: string): string {
  return join(folder, "beside", name);
}

/** In place of the link to the package there is one to a copy of it. */
function copyBeside(name: string, folder: string): void {
  const original = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  const [scope = "", own = ""] = name.split("/");
  const packages = join(folder, "node_modules", scope);
  if (lstatSync(packages).isSymbolicLink()) {
    const shared = realpathSync(packages);
    rmSync(packages);
    mkdirSync(packages);
    for (const other of readdirSync(shared)) symlinkSync(realpathSync(join(shared, other)), join(packages, other));
  }
  const copy = besideOf(name, folder);
  for (const part of ["package.json", "src"]) cpSync(join(original, part), join(copy, part), { recursive: true });
  rmSync(join(packages, own));
  symlinkSync(copy, join(packages, own));
}

/** Where the package finds what it depends on. */
function packagesOf(manifest: string, dependency: string): string {
  const found = createRequire(manifest)
    .resolve.paths(dependency)
    ?.find((path) => existsSync(join(path, dependency)));
  if (found === undefined) throw new Error(`${dependency} is not installed`);
  return found;
}
