/** The log store on a simulated disk: the same logic as on a real one. */
import { openDurableLog, type LogStoreOptions } from "./durable-log.ts";
import type { LogStore } from "./log-store.ts";
import type { MemoryDisk } from "./memory-disk.ts";

/** @throws RaftError `locked`, `unknown-format`. */
export async function openMemoryLog(disk: MemoryDisk, options?: LogStoreOptions): Promise<LogStore> {
  return openDurableLog(disk.open(), options);
}
