/** Pairs of a peer without a cluster, for one test. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { onTestFinished } from "vitest";
import { HomePairs } from "../../../src/cluster/pairs/home-pairs.ts";

export async function temporaryPairs(): Promise<HomePairs> {
  const folder = await mkdtemp(path.join(tmpdir(), "parley-clients-"));
  const opened = await HomePairs.open(path.join(folder, "pairs"));
  onTestFinished(async () => {
    await opened.close();
    await rm(folder, { recursive: true });
  });
  return opened;
}
