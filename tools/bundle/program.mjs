/**
 * The program as one file, made of the sources as they are now. From their 1,400 modules Node makes a peer that takes 50 MB more
 * and three times as long to start. Plain JavaScript, because the command `parley` may be started by an older Node.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";

/** Relative to the checkout; goes with the packages it was made with. */
export const CACHE = join("node_modules", ".cache", "parley");

/**
 * Names the state of everything that the program is made of: paths, sizes and times of change.
 *
 * @param {string} root the checkout
 * @returns {string}
 */
export function programStamp(root) {
  const hash = createHash("sha256");
  const folders = readdirSync(join(root, "packages")).map((name) => join("packages", name, "src"));
  const files = [...folders, join("tools", "bundle")].flatMap((folder) => filesIn(root, folder));
  for (const path of [...files.toSorted(), "package-lock.json"]) {
    const { size, mtimeMs } = statSync(join(root, path));
    hash.update(`${path}\0${size}\0${mtimeMs}\0`);
  }
  return hash.digest("hex").slice(0, 20);
}

/**
 * @param {string} root the checkout
 * @returns {string} where the program is, if it has been made
 */
export function programPath(root) {
  return join(root, CACHE, programStamp(root), "main.js");
}

/**
 * @param {string} root
 * @param {string} folder relative to `root`
 * @returns {string[]}
 */
function filesIn(root, folder) {
  if (!existsSync(join(root, folder))) return [];
  const found = readdirSync(join(root, folder), { recursive: true, encoding: "utf8" });
  return found.filter((name) => /\.(?:ts|mjs|json)$/.test(name)).map((name) => join(folder, name));
}
