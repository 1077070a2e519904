/** `npm run check:imports`: reads the house, applies the import rules, prints one line for each that is broken. */
import { fileURLToPath } from "node:url";
import { readTextFiles } from "../files/files.ts";
import { readManifests } from "./manifests.ts";
import { checkHouse } from "./rules.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const files = readTextFiles(ROOT, [".ts", ".mts", ".js", ".mjs"]).filter(({ path }) => !path.endsWith(".d.ts"));
const violations = checkHouse({ files, manifests: readManifests(ROOT) });
for (const { path, line, rule, found, allowed } of violations) {
  process.stdout.write(`${path}:${line}  ${rule}: ${found}\n    allowed: ${allowed}\n`);
}
if (violations.length > 0) {
  process.stdout.write(`${violations.length} import rule violation(s) in ${files.length} files\n`);
  process.exitCode = 1;
}
