/** Where a specifier leads, seen from the file that writes it. Pure: paths are relative to the root, with `/`. */
import { posix } from "node:path";
import { builtinModules } from "node:module";

/** The part of a `package.json` that the rules look at. */
export interface Manifest {
  readonly name: string;
  readonly exports: Readonly<Record<string, unknown>>;
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  /** The file's text, to say which line a dependency stands on. */
  readonly text: string;
}

/** Where an import leads. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "builtin"; readonly prefixed: boolean }
  | { readonly kind: "workspace"; readonly name: string; readonly subpath: string; readonly source: string | undefined }
  | { readonly kind: "external"; readonly name: string };

const BUILTINS: ReadonlySet<string> = new Set(builtinModules);

/** @param manifests every workspace package by its name */
export function resolveImport(from: string, specifier: string, manifests: ReadonlyMap<string, Manifest>): Target {
  if (specifier.startsWith(".")) return { kind: "file", path: posix.join(posix.dirname(from), specifier) };
  if (specifier.startsWith("node:")) return { kind: "builtin", prefixed: true };
  const name = packageName(specifier);
  if (BUILTINS.has(specifier) || BUILTINS.has(name)) return { kind: "builtin", prefixed: false };
  const manifest = manifests.get(name);
  if (manifest === undefined) return { kind: "external", name };
  const subpath = `.${specifier.slice(name.length)}`;
  return { kind: "workspace", name, subpath, source: sourceOf(manifest.exports[subpath]) };
}

function packageName(specifier: string): string {
  const [first = "", second = ""] = specifier.split("/");
  return first.startsWith("@") ? `${first}/${second}` : first;
}

function sourceOf(entry: unknown): string | undefined {
  if (typeof entry !== "object" || entry === null || !("parley-source" in entry)) return undefined;
  const source = entry["parley-source"];
  return typeof source === "string" ? source : undefined;
}
