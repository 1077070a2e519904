/** Builds of the peer that the tests run, made of these sources: two that differ in the versions they know. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";
import { bundle, type ChangedLine } from "../../tools/bundle/bundle.ts";
import { CACHE } from "../../tools/bundle/program.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PEER = "packages/node/src/testing/peers/peer-process.ts";

/** It knows no journals, and speaks of jobs as the release before did. */
const OLDER: readonly ChangedLine[] = [
  {
    source: "packages/node/src/cluster/state/versions.ts",
    from: "KNOWN_VERSION = JOURNALS_VERSION;",
    to: "KNOWN_VERSION = JOURNALS_VERSION - 1;",
  },
  ...["JOBS_VERSION = 3;", "OLDEST_JOBS_VERSION = 2;"].map((line) => ({
    source: "packages/node/src/routing/job-versions.ts",
    from: `export const ${line}`,
    to: `export const ${line.replace(/\d/, "1")}`,
  })),
];

/** Its actors and its clients are told things in one version more than those of the older one know. */
const NEWER: readonly ChangedLine[] = [
  {
    source: "packages/actors/src/remoting/wire/header.ts",
    from: "export const WIRE_VERSION = 1;",
    to: "export const WIRE_VERSION = 2;",
  },
  {
    source: "packages/sdk/src/protocol/limits.ts",
    from: 'PROTOCOL_VERSION = "1.0"',
    to: 'PROTOCOL_VERSION = "1.1"',
  },
];

export interface Builds {
  readonly older: string;
  readonly newer: string;
}

/** Both, as programs that `LivePeer.install` takes; removed with the test. */
export async function builds(): Promise<Builds> {
  // Beside the packages that they load: that is where Node looks for them.
  const above = join(ROOT, CACHE, "..");
  mkdirSync(above, { recursive: true });
  const folder = mkdtempSync(join(above, "parley-builds-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const make = async (changed: readonly ChangedLine[]): Promise<string> =>
    join(await bundle(ROOT, () => mkdtempSync(join(folder, "build-")), folder, { input: PEER, changed }), "main.js");
  return { older: await make(OLDER), newer: await make(NEWER) };
}
