/** `npm run check:tidy`: the house's style, where no linter looks. */
import { fileURLToPath } from "node:url";
import { readTextFiles } from "../files/files.ts";
import { tidyFindings } from "./rules.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ENDINGS = [".ts", ".mts", ".js", ".mjs", ".json", ".md", ".toml", ".yml", ".html", ".css", ".ci/run"];

const files = readTextFiles(ROOT, ENDINGS).filter(({ path }) => path !== "package-lock.json");
const findings = files.flatMap(({ path, text }) => tidyFindings(path, text));
for (const { path, line, found, instead } of findings) {
  process.stdout.write(`${path}:${line}  tidy: ${found}\n    instead: ${instead}\n`);
}
if (findings.length > 0) process.exitCode = 1;
