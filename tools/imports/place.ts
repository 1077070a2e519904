/** Which part of the house a file belongs to. */
import { OUTSIDE, PACKAGES, type PackageRule } from "./house.ts";

/** A file's place, and with it the rules it lives under. */
export type Place =
  /** Sources of a package: what is published. `room` is the folder or file directly under `src`. */
  | { readonly kind: "shipped"; readonly name: string; readonly rule: PackageRule; readonly room: string }
  /** Tests and benches of a package. */
  | { readonly kind: "test"; readonly name: string; readonly rule: PackageRule }
  /** `simulations`, `test`, `tools`, the examples. */
  | {
      readonly kind: "outside";
      readonly folder: string;
      readonly byPath: readonly string[];
      /** It is somebody else's program: what it imports it declares itself. */
      readonly standsAlone: boolean;
    }
  /** Files in the root. */
  | { readonly kind: "root" };

/** @param path relative to the root, with `/` */
export function placeOf(path: string): Place {
  for (const [name, rule] of Object.entries(PACKAGES)) {
    if (!isUnder(path, rule.folder)) continue;
    const inside = path.slice(rule.folder.length + 1);
    const [top = "", room = ""] = inside.split("/");
    if (top === "bin") return { kind: "shipped", name, rule, room: "bin" };
    if (top !== "src" || inside.endsWith(".test.ts")) return { kind: "test", name, rule };
    return { kind: "shipped", name, rule, room };
  }
  for (const [folder, { byPath, standsAlone = false }] of Object.entries(OUTSIDE)) {
    if (isUnder(path, folder)) return { kind: "outside", folder, byPath, standsAlone };
  }
  return { kind: "root" };
}

/** Whether `path` is `folder` or lies in it. */
export function isUnder(path: string, folder: string): boolean {
  return path === folder || path.startsWith(`${folder}/`);
}
