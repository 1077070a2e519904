/** The files of the house, for the tools that read all of them. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";

/** Never part of the house's own text. */
const SKIPPED = new Set(["node_modules", "dist", "coverage", "fixtures", "models", "tmp"]);

/** One text file; `path` is relative to the root, with `/`. */
export interface TextFile {
  readonly path: string;
  readonly text: string;
}

/**
 * Reads every file below `root` whose name ends with one of `endings`. Hidden folders are not entered, `.ci` excepted.
 *
 * @throws the file system's own error when a file cannot be read
 */
export function readTextFiles(root: string, endings: readonly string[]): readonly TextFile[] {
  return listFiles(root, "")
    .filter((path) => endings.some((ending) => path.endsWith(ending)))
    .map((path) => ({ path: path.split(sep).join("/"), text: readFileSync(join(root, path), "utf8") }));
}

function listFiles(root: string, folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return isEntered(folder, entry.name) ? listFiles(root, path) : [];
    return entry.isFile() ? [path] : [];
  });
}

function isEntered(parent: string, name: string): boolean {
  // `models` and `tmp` are data only in the root; packages/audio/src/models is code.
  if ((name === "models" || name === "tmp") && parent !== "") return true;
  return !SKIPPED.has(name) && (!name.startsWith(".") || name === ".ci");
}
