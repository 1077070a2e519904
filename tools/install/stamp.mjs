/**
 * Does `node_modules` hold what the lock file and the manifests ask for? A stamp inside `node_modules` keeps the hash
 * of what was installed, so that the question costs a few file reads and the stamp dies with the folder it speaks of.
 */
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const STAMP = join("node_modules", ".parley-installed.json");

/** @param {string} path */
function readOrEmpty(path) {
  try {
    return readFileSync(path);
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR")) return "";
    throw error;
  }
}

/** @param {string} root */
function manifestPaths(root) {
  const packages = readdirSync(join(root, "packages"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => join("packages", entry.name, "package.json"))
    .toSorted();
  return ["package-lock.json", "package.json", ".npmrc", "simulations/package.json", "test/package.json", ...packages];
}

/**
 * The hash of everything that decides what an install brings: lock file, manifests, npm's settings, platform and
 * processor (a folder carried to another machine holds the wrong binaries).
 *
 * @param {string} root the checkout
 * @returns {string} hex SHA-256
 */
export function wantedStamp(root) {
  const hash = createHash("sha256").update(`${process.platform}/${process.arch}`);
  for (const path of manifestPaths(root)) hash.update(`\0${path}\0`).update(readOrEmpty(join(root, path)));
  return hash.digest("hex");
}

/** @param {string} root */
export function isInstalled(root) {
  const text = readOrEmpty(join(root, STAMP)).toString();
  return text !== "" && text === stampText(wantedStamp(root));
}

/**
 * Called after a complete install only.
 *
 * @param {string} root
 */
export function markInstalled(root) {
  writeFileSync(join(root, STAMP), stampText(wantedStamp(root)));
}

/**
 * Called before an install: a half-finished one must not be believed.
 *
 * @param {string} root
 */
export function forgetInstalled(root) {
  rmSync(join(root, STAMP), { force: true });
}

/** @param {string} stamp */
function stampText(stamp) {
  return `${JSON.stringify({ stamp })}\n`;
}
