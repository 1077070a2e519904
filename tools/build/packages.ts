/** The packages that can be built, in the order in which they must be. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { PACKAGES } from "../imports/house.ts";
import { readManifests } from "../imports/manifests.ts";

/** A package with sources. */
export interface Buildable {
  readonly name: string;
  /** Absolute. */
  readonly folder: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

/** The build was asked for something it cannot do; the message says what it can. */
export class BuildError extends Error {
  override readonly name = "BuildError";
}

/**
 * @param wanted names with or without `@parley/`; none means all
 * @returns the wanted packages and those they are built on, what is depended on first
 * @throws BuildError for an unknown name, or one of a package that has no sources yet
 */
export function packagesToBuild(root: string, wanted: readonly string[]): readonly Buildable[] {
  const manifests = readManifests(root);
  const built = new Map<string, Buildable>();
  const visit = (name: string): void => {
    const folder = PACKAGES[name]?.folder;
    const manifest = folder === undefined ? undefined : manifests.get(folder);
    if (folder === undefined || manifest === undefined || built.has(name)) return;
    for (const dependency of manifest.dependencies) visit(dependency);
    if (!existsSync(join(root, folder, "src"))) return;
    built.set(name, { name, folder: join(root, folder), exports: manifest.exports });
  };
  const names = wanted.map((name) => (name.startsWith("@") ? name : `@parley/${name}`));
  for (const name of names.length === 0 ? Object.keys(PACKAGES) : names) visit(name);
  const missing = names.find((name) => !built.has(name));
  if (missing !== undefined) {
    const all = packagesToBuild(root, []).map((each) => each.name);
    throw new BuildError(`${missing} is not a package with sources; there are: ${all.join(", ")}`);
  }
  return [...built.values()];
}
