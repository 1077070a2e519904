/** The import rules. Pure: texts in, violations out. */
import { findCycles, type Edge } from "./cycles.ts";
import { unusedDependencies, undeclared, type Use } from "./dependencies.ts";
import { TEST_KIT, type PackageRule } from "./house.ts";
import { isUnder, placeOf, type Place } from "./place.ts";
import { resolveImport, type Manifest, type Target } from "./resolve.ts";
import { scanImports, type ImportMention } from "./scan.ts";
import type { Violation } from "./violation.ts";

/** The house as texts. Paths are relative to the root, with `/`. */
export interface House {
  readonly files: readonly { readonly path: string; readonly text: string }[];
  /** Every `package.json`, by its folder; the root's is `""`. */
  readonly manifests: ReadonlyMap<string, Manifest>;
}

/** One import in its surroundings. */
interface Seen {
  readonly path: string;
  readonly place: Place;
  readonly mention: ImportMention;
  readonly target: Target;
}

type Finding = Pick<Violation, "rule" | "found" | "allowed">;

/** Checks all rules; violations come sorted by file and line. */
export function checkHouse(house: House): readonly Violation[] {
  const byName = new Map([...house.manifests.values()].map((manifest) => [manifest.name, manifest]));
  const violations: Violation[] = [];
  const edges: Edge[] = [];
  const uses: Use[] = [];
  for (const { path, text } of house.files) {
    const place = placeOf(path);
    const scan = scanImports(path, text);
    const { syntaxError } = scan;
    if (syntaxError) {
      violations.push({
        path,
        line: syntaxError.line,
        rule: "syntax",
        found: syntaxError.message,
        allowed: "valid code",
      });
    }
    const misplaced = checkPlace(place);
    if (misplaced) violations.push({ path, line: 1, ...misplaced });
    for (const mention of scan.imports) {
      const seen: Seen = { path, place, mention, target: resolveImport(path, mention.specifier, byName) };
      const { line, typeOnly } = mention;
      violations.push(...checkImport(seen, byName).map((finding) => ({ path, line, ...finding })));
      const to = fileOf(seen.target, house.manifests, byName);
      if (to !== undefined) edges.push({ from: path, to, line, typeOnly });
      const name = dependencyOf(seen.target);
      if (name !== undefined) uses.push({ path, line, name });
    }
  }
  const known = new Set(house.files.map(({ path }) => path));
  violations.push(...findCycles(edges.filter(({ to }) => known.has(to))).map(describeCycle));
  violations.push(...undeclared(uses, house.manifests), ...unusedDependencies(uses, house.manifests));
  return violations.toSorted((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

function checkPlace(place: Place): Finding | undefined {
  if (place.kind !== "shipped" || place.room === "bin" || levelOf(place.rule, place.room) !== -1) return undefined;
  const rooms = (place.rule.floors ?? []).flat().join(", ");
  return {
    rule: "unplaced",
    found: `src/${place.room} has no floor in ${place.name}`,
    allowed: `${rooms}; a new room is added to tools/imports/house.ts and docs/ARCHITECTURE.md`,
  };
}

function checkImport(seen: Seen, byName: ReadonlyMap<string, Manifest>): readonly Finding[] {
  const { target, mention, place } = seen;
  switch (target.kind) {
    case "file":
      return present(checkPath(seen, target.path));
    case "workspace":
      return present(checkExport(target, byName) ?? checkPackageFloor(seen, target));
    case "builtin": {
      if (!target.prefixed) {
        return [{ rule: "node-prefix", found: `"${mention.specifier}"`, allowed: `"node:${mention.specifier}"` }];
      }
      return present(checkBrowserSafe(place, mention.specifier, undefined));
    }
    case "external":
      return present(checkBrowserSafe(place, mention.specifier, target.name));
  }
}

/** An import by path stays in its own part of the house, and inside a package on its floor or below. */
function checkPath({ path, place, mention }: Seen, target: string): Finding | undefined {
  const there = placeOf(target);
  const found = `${path} imports ${target} by path`;
  switch (place.kind) {
    case "root":
      return undefined;
    case "outside":
      if (place.byPath.some((folder) => isUnder(target, folder))) return undefined;
      return { rule: "deep-import", found, allowed: `${place.byPath.join("/, ")}/ by path, packages by their exports` };
    case "test":
      if (isUnder(target, place.rule.folder) || TEST_KIT.includes(target)) return undefined;
      return { rule: "deep-import", found, allowed: "the own package by path, other packages by their exports" };
    case "shipped":
      // Read at run time only (the compiler refuses it as an import); published packages hold it too.
      if (target === `${place.rule.folder}/package.json`) return undefined;
      if (there.kind !== "shipped" || there.name !== place.name) {
        return { rule: "deep-import", found, allowed: "the own src by path, other packages by their exports" };
      }
      return checkFloor(place.rule, place.room, there.room, mention.specifier);
  }
}

function checkFloor(rule: PackageRule, from: string, to: string, specifier: string): Finding | undefined {
  if (from === to || rule.floors === undefined) return undefined;
  const found = `${from} imports ${to} ("${specifier}")`;
  const sealed = rule.sealed?.[from];
  if (sealed) return { rule: "floor", found, allowed: `${from} imports nothing but itself` };
  const [here, there] = [levelOf(rule, from), levelOf(rule, to)];
  if (from !== "bin" && there < here) return undefined;
  const below = from === "bin" ? [] : rule.floors.slice(0, here).flat();
  const allowed = `rooms below ${from}: ${below.join(", ") || "none"}`;
  return { rule: "floor", found: there === here ? `${found}, on the same floor` : `${found}, upward`, allowed };
}

/** -1: no floor. A package without floors is one room. */
function levelOf({ floors }: PackageRule, room: string): number {
  return floors === undefined ? 0 : floors.findIndex((rooms) => rooms.includes(room));
}

function checkExport(target: WorkspaceTarget, byName: ReadonlyMap<string, Manifest>): Finding | undefined {
  const subpaths = Object.keys(byName.get(target.name)?.exports ?? {});
  if (subpaths.includes(target.subpath)) return undefined;
  const names = subpaths
    .filter((subpath) => subpath !== "./package.json")
    .map((subpath) => target.name + subpath.slice(1));
  return {
    rule: "deep-import",
    found: `"${target.name}${target.subpath.slice(1)}" is not among the exports of ${target.name}`,
    allowed: names.join(", ") || `${target.name} exports nothing yet`,
  };
}

type WorkspaceTarget = Extract<Target, { kind: "workspace" }>;

function checkPackageFloor({ place }: Seen, target: WorkspaceTarget): Finding | undefined {
  if (place.kind === "test" || place.kind === "outside") return undefined;
  const specifier = target.name + target.subpath.slice(1);
  if (place.kind === "root") {
    return { rule: "package-floor", found: `a file in the root uses ${specifier}`, allowed: "no package of the house" };
  }
  const sealed = place.rule.sealed?.[place.room];
  const uses = sealed ? [] : place.rule.uses;
  if (uses.includes(target.name) || uses.includes(specifier)) return undefined;
  const who = sealed ? `${place.name}/${place.room}` : place.name;
  const hint = target.name === place.name ? "; the own package is imported by path" : "";
  return {
    rule: "package-floor",
    found: `${who} uses ${specifier}`,
    allowed: (uses.join(", ") || "no package") + hint,
  };
}

function checkBrowserSafe(place: Place, specifier: string, external: string | undefined): Finding | undefined {
  if (place.kind !== "shipped" || place.rule.nodeOnly?.includes(place.room)) return undefined;
  const sealed = place.rule.sealed?.[place.room];
  const safe = sealed ?? place.rule.browserSafe;
  if (safe === undefined || (external !== undefined && safe.includes(external))) return undefined;
  const who = sealed ? `${place.name}/${place.room}` : place.name;
  const list = safe.join(", ") || "no npm package";
  return { rule: "browser-safe", found: `${who} runs in browsers and imports "${specifier}"`, allowed: list };
}

/** The file of the house that an import leads to. */
function fileOf(
  target: Target,
  manifests: ReadonlyMap<string, Manifest>,
  byName: ReadonlyMap<string, Manifest>,
): string | undefined {
  if (target.kind === "file") return target.path;
  if (target.kind !== "workspace" || target.source === undefined) return undefined;
  const owner = byName.get(target.name);
  for (const [folder, manifest] of manifests) if (manifest === owner) return folder + target.source.slice(1);
  return undefined;
}

function dependencyOf(target: Target): string | undefined {
  return target.kind === "external" || target.kind === "workspace" ? target.name : undefined;
}

function describeCycle(cycle: readonly Edge[]): Violation {
  const [first] = cycle;
  if (first === undefined) throw new Error("a circle has at least one edge");
  const kind = cycle.every(({ typeOnly }) => typeOnly) ? " (types only)" : "";
  return {
    path: first.from,
    line: first.line,
    rule: "circle",
    found: `${[first.from, ...cycle.map(({ to }) => to)].join(" -> ")}${kind}`,
    allowed: "no circles: move what both need into a file below them",
  };
}

function present<T>(value: T | undefined): readonly T[] {
  return value === undefined ? [] : [value];
}
