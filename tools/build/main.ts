/** `npm run build [-- PACKAGE…]`: JavaScript, declarations and maps of each package, what is built upon first. */
import { fileURLToPath } from "node:url";
import { buildPackage } from "./build.ts";
import { BuildError, packagesToBuild } from "./packages.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

try {
  for (const buildable of packagesToBuild(ROOT, process.argv.slice(2))) {
    const startedAt = performance.now();
    await buildPackage(buildable);
    process.stderr.write(`built ${buildable.name} in ${((performance.now() - startedAt) / 1000).toFixed(1)} s\n`);
  }
} catch (error) {
  if (!(error instanceof BuildError)) throw error;
  process.stderr.write(`build failed: ${error.message}\n`);
  process.exitCode = 1;
}
