/** Makes the program as one file, for the command `parley` in a checkout: `node tools/bundle/main.ts`. */
import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { bundle } from "./bundle.ts";
import { CACHE, programPath } from "./program.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** A peer that runs loads parts of the file it was started from later. */
const KEPT = 5;

const target = dirname(programPath(ROOT));
const cache = join(ROOT, CACHE);
const draft = await bundle(ROOT, () => mkdtempSync(join(cache, "draft-")), cache);
try {
  // Somebody else may have made the same meanwhile.
  if (!existsSync(target)) renameSync(draft, target);
} finally {
  rmSync(draft, { recursive: true, force: true });
}
const byAge = readdirSync(cache)
  .map((name) => ({ path: join(cache, name), madeMs: statSync(join(cache, name)).mtimeMs }))
  .toSorted((a, b) => b.madeMs - a.madeMs);
for (const { path } of byAge.slice(KEPT)) rmSync(path, { recursive: true, force: true });
