/** Every import of a package is declared where it is used, and nothing is declared that is not used. */
import { LOOKED_UP_IF_PRESENT, USED_WITHOUT_IMPORT } from "./house.ts";
import { placeOf } from "./place.ts";
import type { Manifest } from "./resolve.ts";
import type { Violation } from "./violation.ts";

/** One import of a package by name. */
export interface Use {
  readonly path: string;
  readonly line: number;
  readonly name: string;
}

type Manifests = ReadonlyMap<string, Manifest>;

/** Imports of packages that the owning `package.json` does not declare. */
export function undeclared(uses: readonly Use[], manifests: Manifests): readonly Violation[] {
  return uses.flatMap(({ path, line, name }) => {
    const shipped = bringsAll(path);
    const owner = ownerOf(path, manifests);
    const own = manifests.get(owner);
    const root = manifests.get("");
    if (own === undefined || name === own.name || LOOKED_UP_IF_PRESENT[path]?.includes(name) === true) return [];
    const declared = shipped
      ? own.dependencies
      : [...own.dependencies, ...own.devDependencies, ...(root?.dependencies ?? []), ...(root?.devDependencies ?? [])];
    // Outside packages use the house's packages through the workspace, without a list of their own.
    if (declared.includes(name) || (!shipped && [...manifests.values()].some((manifest) => manifest.name === name))) {
      return [];
    }
    const section = shipped ? "dependencies" : "dependencies or devDependencies";
    const where = `${owner === "" ? "" : `${owner}/`}package.json`;
    return [
      {
        path,
        line,
        rule: "undeclared" as const,
        found: `"${name}" is not in the ${section} of ${where}`,
        allowed: declared.join(", ") || "no package",
      },
    ];
  });
}

/** Declared packages that no file of the owner imports. */
export function unusedDependencies(uses: readonly Use[], manifests: Manifests): readonly Violation[] {
  const byOwner = Map.groupBy(uses, ({ path }) => ownerOf(path, manifests));
  return [...manifests].flatMap(([folder, manifest]) => {
    // Tools of the root serve every package.
    const own = folder === "" ? uses : (byOwner.get(folder) ?? []);
    const anywhere = new Set(own.map(({ name }) => name));
    const shipped = new Set(own.filter(({ path }) => bringsAll(path)).map(({ name }) => name));
    const excused = USED_WITHOUT_IMPORT[folder] ?? {};
    const unused = [
      ...manifest.dependencies.filter((name) => !shipped.has(name)),
      ...manifest.devDependencies.filter((name) => !anywhere.has(name.replace(/^@types\//, ""))),
    ].filter((name) => !(name in excused));
    return unused.map((name) => ({
      path: folder === "" ? "package.json" : `${folder}/package.json`,
      line: lineOfKey(manifest.text, name),
      rule: "unused-dependency" as const,
      found: `"${name}" is declared and nothing imports it`,
      allowed: "only what is imported; what is used in another way is listed in tools/imports/house.ts",
    }));
  });
}

/** What is installed somewhere else has only what it declares. */
function bringsAll(path: string): boolean {
  const place = placeOf(path);
  return place.kind === "shipped" || (place.kind === "outside" && place.standsAlone);
}

/** The folder of the nearest `package.json` above a file. */
function ownerOf(path: string, manifests: Manifests): string {
  let owner = "";
  for (const folder of manifests.keys()) {
    if (folder.length > owner.length && path.startsWith(`${folder}/`)) owner = folder;
  }
  return owner;
}

function lineOfKey(text: string, key: string): number {
  const at = text.split("\n").findIndex((line) => line.includes(`"${key}"`));
  return at === -1 ? 1 : at + 1;
}
