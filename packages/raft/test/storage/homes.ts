/** Places for logs in tests: a temporary folder, a simulated disk. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openLevelLog } from "../../src/storage/level-log.ts";
import type { LogStore } from "../../src/storage/log-store.ts";
import { MemoryDisk } from "../../src/storage/memory-disk.ts";
import { openMemoryLog } from "../../src/storage/memory-store.ts";
import type { LogStoreHome } from "../../src/testing/log-store-suite.ts";

/** What a killed process leaves in the page cache is what a copy of the open files holds. */
export async function levelHome(): Promise<LogStoreHome> {
  const parent = await mkdtemp(join(tmpdir(), "raft-log-"));
  const open: LogStore[] = [];
  let lives = 0;
  return {
    async open(options) {
      const log = await openLevelLog(join(parent, String(lives)), options);
      open.push(log);
      return log;
    },
    async crash() {
      lives += 1;
      await cp(join(parent, String(lives - 1)), join(parent, String(lives)), { recursive: true });
    },
    async dispose() {
      for (const log of open) await log.close();
      await rm(parent, { recursive: true });
    },
  };
}

/** A power cut loses all that was not synced: the hardest that can happen, and the same in every run. */
export async function memoryHome(): Promise<LogStoreHome> {
  const disk = new MemoryDisk();
  return {
    open: (options) => openMemoryLog(disk, options),
    crash: async () => disk.crash(() => 0),
    dispose: async () => undefined,
  };
}
