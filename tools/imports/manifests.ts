/** Reads the `package.json` files of the workspace. */
import { readTextFiles } from "../files/files.ts";
import type { Manifest } from "./resolve.ts";

/** Every manifest by its folder; the root's is `""`. */
export function readManifests(root: string): ReadonlyMap<string, Manifest> {
  const found = new Map<string, Manifest>();
  for (const { path, text } of readTextFiles(root, ["package.json"])) {
    found.set(path.slice(0, -"/package.json".length), parseManifest(path, text));
  }
  return found;
}

/** @throws Error naming the file, when it is not a JSON object */
export function parseManifest(path: string, text: string): Manifest {
  const value: unknown = JSON.parse(text);
  if (!isRecord(value)) throw new Error(`${path} is not a JSON object`);
  return {
    name: typeof value["name"] === "string" ? value["name"] : "",
    exports: isRecord(value["exports"]) ? value["exports"] : {},
    dependencies: ["dependencies", "optionalDependencies", "peerDependencies"].flatMap((key) => keys(value[key])),
    devDependencies: keys(value["devDependencies"]),
    text,
  };
}

function keys(value: unknown): readonly string[] {
  return isRecord(value) ? Object.keys(value) : [];
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
